/** The model that `--model` names, fetched first where it is one of the hub, with a bar; and of none, the package's. */
import { escapeControls } from '../../escape.ts'
import { defaultFolder } from '../../node/default-model.ts'
import type { LocatedModel } from '../../node/hub/model.ts'
import type { HubOptions } from '../../source/hub/options.ts'
import { downloadBar } from './progress.ts'

export async function modelFolder(model: string | undefined): Promise<string> {
  return model === undefined ? defaultFolder() : (await locate(model)).folder
}

export async function locate(
  model: string,
  options: HubOptions & { readonly isPickleFine?: boolean } = {},
): Promise<LocatedModel> {
  const { locateModel } = await import('../../node/hub/model.ts')
  const { report, stop } = await downloadBar()
  const note = (text: string) => {
    stop()
    process.stderr.write(`bert-ner: ${escapeControls(text)}\n`)
  }
  try {
    return await locateModel(model, { ...options, report, note })
  } finally {
    stop()
  }
}
