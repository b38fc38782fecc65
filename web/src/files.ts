/** What people drop: a text, or the folder of a model. */
import { signal } from '@preact/signals'
import { setText, useModel } from './session.ts'

export const notice = signal('')
/** Whether files are held over the page. */
export const over = signal(false)

/** Takes files that are dropped anywhere: elsewhere than on a target, a browser would leave the page and show them. */
export function takeDrops(): () => void {
  const listeners = new AbortController()
  const on = (name: 'dragover' | 'dragleave' | 'drop', act: (event: DragEvent) => void) =>
    addEventListener(name, act, { signal: listeners.signal })
  on('dragover', event => {
    if (!event.dataTransfer?.types.includes('Files')) return
    event.preventDefault()
    over.value = true
  })
  on('dragleave', event => {
    if (event.relatedTarget === null) over.value = false
  })
  on('drop', event => {
    over.value = false
    if (!event.dataTransfer?.types.includes('Files')) return
    event.preventDefault()
    location.hash = '#try'
    void openFiles(event.dataTransfer)
  })
  return () => listeners.abort()
}

const TEXT = /\.(?:txt|md|markdown|csv|text)$/i
const MODEL =
  /(?:^|\/)(?:config\.json|tokenizer\.json|tokenizer_config\.json|special_tokens_map\.json|vocab\.txt|model.*\.safetensors(?:\.index\.json)?)$/
/** A text of more bytes is none that a person would read here. */
const LARGEST_TEXT = 8_000_000

export async function openFiles(given: DataTransfer | FileList): Promise<void> {
  notice.value = ''
  try {
    await open(given instanceof FileList ? filesOf(given) : await dropped(given))
  } catch (error) {
    notice.value = error instanceof Error ? error.message : String(error)
  }
}

async function open(files: ReadonlyMap<string, File>): Promise<void> {
  const weights = [...files].filter(([path]) => MODEL.test(path))
  if (weights.some(([path]) => /config\.json$|safetensors$/.test(path))) {
    const first = weights[0]![0]
    const folder = first.includes('/') ? first.slice(0, first.indexOf('/')) : 'dropped files'
    const named = new Map(weights.map(([path, file]) => [path.slice(path.lastIndexOf('/') + 1), file]))
    useModel({ name: folder, files: named })
    return
  }
  const [texts, others] = [[...files.values()].filter(f => isText(f)), files.size]
  const [file] = texts
  if (!file) {
    const what =
      others === 0
        ? 'Nothing that is a file was dropped.'
        : `${[...files.keys()][0] ?? 'The file'} is neither a text nor a model.`
    throw new Error(
      `${what} Drop a .txt, .md or .csv file, or a folder with config.json, model.safetensors and the tokenizer's files.`,
    )
  }
  if (file.size > LARGEST_TEXT)
    throw new Error(`${file.name} has ${Math.round(file.size / 1e6)} MB. Texts of up to 8 MB can be read here.`)
  const text = decode(await file.arrayBuffer(), file.name)
  setText(text)
  if (texts.length > 1) notice.value = `${texts.length} texts were dropped; ${file.name} is shown.`
}

/** @throws Error if the bytes are no text in UTF-8 or UTF-16 */
function decode(bytes: ArrayBuffer, name: string): string {
  const [a, b] = new Uint8Array(bytes)
  const encoding = a === 0xff && b === 0xfe ? 'utf-16le' : a === 0xfe && b === 0xff ? 'utf-16be' : 'utf-8'
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    throw new Error(`${name} is not a text in UTF-8. Save it as UTF-8, or paste its text.`)
  }
}

const isText = (file: File) => TEXT.test(file.name) || file.type.startsWith('text/')

function filesOf(list: FileList): ReadonlyMap<string, File> {
  return new Map([...list].map(file => [file.webkitRelativePath || file.name, file]))
}

/** All files of a drop, those in its folders too, by path. */
async function dropped(transfer: DataTransfer): Promise<ReadonlyMap<string, File>> {
  const entries = [...transfer.items].map(item => item.webkitGetAsEntry()).filter(entry => entry !== null)
  if (entries.length === 0) return filesOf(transfer.files)
  const files = new Map<string, File>()
  const visit = async (entry: FileSystemEntry, path: string): Promise<void> => {
    if (files.size > 200) return
    if (entry.isFile) {
      const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))
      files.set(path + entry.name, file)
      return
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader()
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
      if (some.length === 0) break
      for (const child of some) await visit(child, `${path}${entry.name}/`)
    }
  }
  for (const entry of entries) await visit(entry, '')
  return files
}
