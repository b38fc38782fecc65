/** The actions of `download`, `models` and `verify`. */
import { OptionError } from '../../errors.ts'
import { escapeControls } from '../../escape.ts'
import { listModels, verifySnapshot, type CachedSnapshot, type CheckedFile } from '../../node/hub/inventory.ts'
import type { LocatedModel } from '../../node/hub/model.ts'
import { cacheFolder } from '../../node/hub/settings.ts'
import { jsonPieces } from '../json.ts'
import { write, writeAll } from '../output.ts'
import { hubOptions, type HubFlags } from './command.ts'
import { locate } from './locate.ts'

/** The folder stands alone on standard output: `cp -rL "$(bert-ner download owner/name)" model`. */
export async function runDownload(model: string, flags: HubFlags): Promise<void> {
  const { folder, hub } = await ofHub(model, flags)
  const { repo, revision, commit, fetched } = hub
  if (flags.json) await print({ model: repo, revision, commit, folder, fetched: [...fetched] })
  else await write(`${folder}\n`)
}

export async function runModels(flags: HubFlags): Promise<void> {
  const folder = flags.cacheDir ?? cacheFolder()
  const models = await listModels(folder)
  if (flags.json) return print(models)
  if (models.length === 0) await write(`No models in ${escapeControls(folder)}.\n`)
  else await writeAll(table(models))
}

/** Reads the cache alone, as `models` does: what is damaged is not fetched in silence. */
export async function runVerify(model: string, flags: HubFlags): Promise<void> {
  const { folder, hub } = await ofHub(model, flags, true)
  const files = await verifySnapshot(folder)
  const verified = files.every(({ status }) => status === 'ok')
  if (flags.json) await print({ model: hub.repo, revision: hub.revision, commit: hub.commit, folder, verified, files })
  else await writeAll(report(files))
  if (verified) return
  process.exitCode = 1
  const name = `${hub.repo}${hub.revision === 'main' ? '' : `@${hub.revision}`}`
  process.stderr.write(
    `bert-ner: ${name}: not all files are as the hub has them. Run: bert-ner download ${name} --force\n`,
  )
}

async function ofHub(model: string, flags: HubFlags, isLocal = false): Promise<Required<LocatedModel>> {
  const { folder, hub } = await locate(model, { ...hubOptions(flags), ...(isLocal ? { local_files_only: true } : {}) })
  if (hub) return { folder, hub }
  throw new OptionError({
    code: 'OPTION_MODEL',
    subject: model,
    expected: 'a name of the hub, owner/name',
    found: 'a folder, which is used as it is',
    nextStep: 'Run this where no folder has that name, if the model of the hub was meant.',
  })
}

function* table(models: readonly CachedSnapshot[]): Generator<string> {
  const rows = models.map(({ model, revisions, commit, size, verified, lastUsed }) => [
    escapeControls(model),
    escapeControls(revisions.join(', ')),
    commit.slice(0, 12),
    `${(size / 1e6).toFixed(1)} MB`,
    verified ? 'yes' : 'no',
    lastUsed.slice(0, 10),
  ])
  yield* columns([['model', 'revision', 'commit', 'size', 'verified', 'last used'], ...rows])
}

function* report(files: readonly CheckedFile[]): Generator<string> {
  yield* columns(files.map(({ file, size, status, hash }) => [status, `${size}`, hash ?? '', escapeControls(file)]))
}

function* columns(rows: readonly (readonly string[])[]): Generator<string> {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  for (const row of rows)
    yield `${row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()}\n`
}

async function print(value: unknown): Promise<void> {
  await writeAll(jsonPieces(value))
  await write('\n')
}
