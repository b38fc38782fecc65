/** How the hub is reached and where its cache lies: options first, then the environment, by huggingface_hub's names and rules. */
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { OptionError } from '../../errors.ts'
import type { Hub } from '../../source/hub/http.ts'
import { BACKOFF, checkToken, ENDPOINT, TIMEOUT, type HubOptions } from '../../source/hub/options.ts'
import { quote, show } from '../../values.ts'
import { nodeRequest } from './request.ts'

export interface HubSettings {
  readonly hub: Hub
  readonly cacheFolder: string
  readonly isOffline: boolean
  readonly isForced: boolean
}

/** @throws OptionError for a variable that cannot be what it says */
export async function hubSettings(options: HubOptions): Promise<HubSettings> {
  const { env } = process
  return {
    hub: {
      endpoint: endpointOf(env.HF_ENDPOINT),
      token: checkToken(options.token === false ? undefined : (options.token ?? (await savedToken()))),
      fetch: options.fetch ?? nodeRequest,
      etagTimeout: seconds('HF_HUB_ETAG_TIMEOUT'),
      downloadTimeout: seconds('HF_HUB_DOWNLOAD_TIMEOUT'),
      backoff: BACKOFF,
      isInPage: false,
    },
    cacheFolder: options.cache_dir ?? cacheFolder(),
    isOffline: options.local_files_only ?? isTrue(given(env.HF_HUB_OFFLINE) ?? env.TRANSFORMERS_OFFLINE),
    isForced: options.force_download ?? false,
  }
}

/** The folder of the cache, as huggingface_hub finds it. */
export function cacheFolder(): string {
  const { HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE } = process.env
  return expand(HF_HUB_CACHE ?? HUGGINGFACE_HUB_CACHE ?? join(home(), 'hub'))
}

function home(): string {
  const { HF_HOME, XDG_CACHE_HOME } = process.env
  return expand(HF_HOME ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'huggingface'))
}

/** `~`, `$NAME` and `${NAME}`, as Python's expanduser and expandvars replace them. */
function expand(path: string): string {
  const atHome = path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path
  return atHome.replaceAll(/\$(?:(\w+)|\{(\w+)\})/g, (whole, plain?: string, braced?: string) => {
    return process.env[plain ?? braced ?? ''] ?? whole
  })
}

export function isTrue(value: string | undefined): boolean {
  return value !== undefined && ['1', 'ON', 'YES', 'TRUE'].includes(value.toUpperCase())
}

/** An empty variable counts as none. */
function given(value: string | undefined): string | undefined {
  return value === '' ? undefined : value
}

async function savedToken(): Promise<string | undefined> {
  const { HF_TOKEN, HUGGING_FACE_HUB_TOKEN, HF_TOKEN_PATH, HF_HUB_DISABLE_IMPLICIT_TOKEN } = process.env
  if (isTrue(HF_HUB_DISABLE_IMPLICIT_TOKEN)) return undefined
  const path = HF_TOKEN_PATH === undefined ? join(home(), 'token') : expand(HF_TOKEN_PATH)
  // One that cannot be read counts as none: most models want none.
  return given(HF_TOKEN) ?? given(HUGGING_FACE_HUB_TOKEN) ?? (await readFile(path, 'utf8').catch(() => undefined))
}

function endpointOf(text: string | undefined): string {
  if (text === undefined || text === '') return ENDPOINT
  let url: URL | undefined
  try {
    url = new URL(text)
  } catch {
    // reported below
  }
  const isSecret = url !== undefined && url.username + url.password !== ''
  if (url && ['https:', 'http:'].includes(url.protocol) && !isSecret && url.search === '')
    return text.replace(/\/+$/, '')
  const found = isSecret ? 'one with a user name or password' : quote(text)
  throw wrong('HF_ENDPOINT', 'an address such as https://huggingface.co', found, 'Correct it, or unset it.')
}

/** In milliseconds. As in Python, 0 and nothing mean the default of 10 s. */
function seconds(name: 'HF_HUB_ETAG_TIMEOUT' | 'HF_HUB_DOWNLOAD_TIMEOUT'): number {
  const text = process.env[name] ?? ''
  const value = Number(text)
  if (text.trim() === '' || value === 0) return TIMEOUT
  if (value > 0 && value <= 86_400) return value * 1000
  throw wrong(name, 'seconds, up to a day', show(text), 'Correct it, or unset it.')
}

function wrong(subject: string, expected: string, found: string, nextStep: string): OptionError {
  return new OptionError({ code: 'OPTION_HUB', subject, expected, found, nextStep })
}
