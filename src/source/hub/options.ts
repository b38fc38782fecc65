/** The options that concern the hub, by transformers' names, and what is the same for them in Node and in a page. */
import { OptionError } from '../../errors.ts'

export interface HubOptions {
  /** A branch, a tag, a commit, or `refs/pr/N`. Default: `main`, or what stands after `@` in the name. */
  readonly revision?: string
  /**
   * In Node the folder of the cache, by default huggingface_hub's, `~/.cache/huggingface/hub`; in a page the name of a cache in
   * its Cache Storage, by default `bert-ner`.
   */
  readonly cache_dir?: string
  /** No request is made: the cache answers, or an error. Default: false; in Node, HF_HUB_OFFLINE. */
  readonly local_files_only?: boolean
  /** For private and gated models; false for none. Default: none; in Node, HF_TOKEN, or the file of `hf auth login`. */
  readonly token?: string | false
  /** Fetches each file again. Default: false. */
  readonly force_download?: boolean
  /** In place of the global one: one that knows a proxy, or a mirror. In Node it must honour `redirect: 'manual'`. */
  readonly fetch?: typeof fetch
}

export const ENDPOINT = 'https://huggingface.co'
/** Milliseconds of silence before a question, or a download, has failed. */
export const TIMEOUT = 10_000
/** Milliseconds of the first pause before another try. */
export const BACKOFF = 500

/** Characters that a header can hold. Nothing of a token comes into a message. */
export function checkToken(token: string | undefined): string | undefined {
  const trimmed = token?.trim() ?? ''
  if (trimmed === '') return undefined
  if (Array.from(trimmed).every(char => char > ' ' && char <= '~')) return trimmed
  throw new OptionError({
    code: 'OPTION_HUB',
    subject: 'token of the hub',
    expected: 'letters, digits and signs of ASCII',
    found: 'other characters',
    nextStep: 'Copy it again from https://huggingface.co/settings/tokens.',
  })
}
