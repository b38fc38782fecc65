/**
 * Names of models on the Hugging Face hub: `owner/name`, or `owner/name@revision` with a branch, a tag, a commit or `refs/pr/N`.
 * A string that looks like a path is never a name, so that a slip in a path reaches no network.
 */
import { OptionError } from '../../errors.ts'
import { quote } from '../../values.ts'

export interface HubName {
  /** `owner/name` */
  readonly repo: string
  /** A branch, a tag, a commit, `refs/pr/N`. */
  readonly revision: string
}

export const DEFAULT_REVISION = 'main'

/** Whether a string can only be a path: `./x`, `/x`, `~/x`, `C:\x`, `x\y`, `x/`, `file:…`. */
export function looksLikePath(text: string): boolean {
  const isRooted = ['/', '~', '.', '\\'].some(start => text.startsWith(start))
  const isDrive = /^[A-Za-z]:/.test(text.slice(0, 2))
  return isRooted || isDrive || text.startsWith('file:') || text.includes('\\') || text.endsWith('/')
}

/**
 * Reads `owner/name` or `owner/name@revision`. `revision`: the one given beside the name, if any. `isInPage`: where there are no
 * folders that it could have been.
 *
 * @throws OptionError `OPTION_MODEL` for what is no name, `OPTION_REVISION` for two revisions that differ, or one that cannot be
 */
export function parseHubName(text: string, revision?: string, isInPage = false): HubName {
  const at = text.indexOf('@')
  const repo = at < 0 ? text : text.slice(0, at)
  const own = at < 0 ? undefined : text.slice(at + 1)
  if (!isRepo(repo)) throw isInPage ? noNameInPage(text) : noName(text, repo)
  if (own !== undefined && revision !== undefined && own !== revision) {
    throw badRevision(text, `the one after @, or the same as it (${quote(own)})`, revision)
  }
  const chosen = own ?? revision ?? DEFAULT_REVISION
  if (!isRevision(chosen)) throw badRevision(text, 'a branch, a tag, a commit or refs/pr/N', chosen)
  return { repo, revision: chosen }
}

/** A whole commit: 40 hexadecimal digits. It never means anything else later, as a branch does. */
export function isCommit(text: string): boolean {
  return text.length === 40 && isHex(text)
}

export function isHex(text: string): boolean {
  return Array.from(text).every(char => '0123456789abcdef'.includes(char))
}

const LONGEST = 96
const PLAIN = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.'

/** The hub's own rule (validate_repo_id of huggingface_hub). */
function isRepo(repo: string): boolean {
  const parts = repo.split('/')
  const isPart = (part: string) =>
    part !== '' &&
    Array.from(part).every(char => PLAIN.includes(char)) &&
    !'-.'.includes(part.charAt(0)) &&
    !'-.'.includes(part.slice(-1))
  return (
    parts.length === 2 &&
    repo.length <= LONGEST &&
    parts.every(isPart) &&
    !repo.includes('--') &&
    !repo.includes('..') &&
    !repo.endsWith('.git')
  )
}

/** The rule of git check-ref-format, without which a name could reach out of the cache's folder. */
function isRevision(text: string): boolean {
  const isPart = (part: string) =>
    part !== '' && !part.startsWith('.') && !part.endsWith('.lock') && !part.endsWith('.')
  const isPlain = Array.from(text).every(char => char > ' ' && char !== '\x7f' && !'~^:?*[\\"<>|%#'.includes(char))
  return text.length <= 200 && isPlain && !text.includes('..') && !text.startsWith('-') && text.split('/').every(isPart)
}

function noNameInPage(text: string): OptionError {
  return new OptionError({
    code: 'OPTION_MODEL',
    subject: 'model',
    expected: 'a name of the hub, owner/name',
    found: quote(text),
    nextStep: 'Folders are read in Node alone; for files on a server, pass sourceFromUrl(address).',
  })
}

/** Says how the string was read, and what the other reading would need. */
function noName(text: string, repo: string): OptionError {
  const isUrl = text.includes('://')
  const expected = isUrl
    ? 'a folder, or a name of the hub, owner/name; it was read as neither'
    : repo.includes('/')
      ? 'a folder that exists, or a name of the hub, owner/name; there is no such folder, so it was read as a name'
      : 'a folder that exists, or a name of the hub with its owner, owner/name; there is no such folder, so it was read as a name'
  return new OptionError({
    code: 'OPTION_MODEL',
    subject: 'model',
    expected,
    found: quote(text),
    nextStep: isUrl
      ? 'Of an address such as https://huggingface.co/owner/name, take owner/name.'
      : 'Check the path (./NAME is always a path), or write the name as the hub shows it.',
  })
}

function badRevision(text: string, expected: string, found: string): OptionError {
  return new OptionError({
    code: 'OPTION_REVISION',
    subject: `revision of ${quote(text)}`,
    expected,
    found: quote(found),
    nextStep: 'Name one revision, either as owner/name@revision or as the option.',
  })
}
