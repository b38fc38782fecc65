/**
 * Two servers on loopback that behave like the Hugging Face hub: the endpoint, with names, commits and hashes, and another origin
 * that large files are redirected to. On demand they misbehave: a fault sees each request first, and may answer in their place.
 */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Where a request stands in the course of fetching a model. */
export type Stage = 'list' | 'tree' | 'resolve' | 'head' | 'get' | 'large' | 'resume'

export interface Seen {
  readonly stage: Stage
  readonly file: string
  /** How many requests of this stage and file came before. */
  readonly before: number
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The bytes of the file; undefined if there is none. */
  readonly bytes: Uint8Array | undefined
  /** The right answer. */
  answer(): void
}

/** True if it has answered. */
export type Fault = (seen: Seen) => boolean

export interface Repo {
  /** Files by commit. */
  readonly commits: Map<string, Record<string, Uint8Array>>
  /** Commits by branch, tag, `refs/pr/1`. */
  readonly refs: Map<string, string>
}

export class HubServer {
  readonly repos = new Map<string, Repo>()
  readonly requests: { stage: Stage; file: string; headers: IncomingMessage['headers']; method: string }[] = []
  fault: Fault | undefined
  /** Private: 401 without this token. */
  token: string | undefined
  readonly #home: Server
  readonly #away: Server
  readonly #seen = new Map<string, number>()

  constructor() {
    this.#home = createServer((request, response) => this.#answerHome(request, response))
    this.#away = createServer((request, response) => this.#answerAway(request, response))
  }

  async start(): Promise<void> {
    for (const server of [this.#home, this.#away]) {
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    }
  }

  async stop(): Promise<void> {
    for (const server of [this.#home, this.#away]) {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    }
  }

  /** No fault, nothing seen. */
  reset(): void {
    this.fault = undefined
    this.token = undefined
    this.requests.length = 0
    this.#seen.clear()
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#home.address() as AddressInfo).port}`
  }

  get elsewhere(): string {
    return `http://127.0.0.1:${(this.#away.address() as AddressInfo).port}`
  }

  #answerHome(request: IncomingMessage, response: ServerResponse): void {
    // As the hub does, for pages of other origins.
    response.setHeader('access-control-allow-origin', '*')
    response.setHeader('access-control-expose-headers', 'X-Repo-Commit,X-Error-Code,ETag,Accept-Ranges,Content-Range')
    if (request.method === 'OPTIONS') {
      end(response, 204, { 'access-control-allow-headers': 'authorization,range', 'access-control-allow-methods': '*' })
      return
    }
    const { pathname } = new URL(request.url ?? '/', 'http://hub')
    if (this.token !== undefined && request.headers.authorization !== `Bearer ${this.token}`) {
      end(response, 401, { 'x-error-code': 'RepoNotFound' })
      return
    }
    const api = /^\/api\/models\/([^/]+\/[^/]+)\/(revision|tree)\/([^/]+)$/.exec(pathname)
    if (api) {
      const [, , kind, revision = ''] = api
      const listed = kind === 'revision' ? 'list' : 'tree'
      this.#pass(listed, revision, request, response, undefined, () => this.#answerApi(response, api))
      return
    }
    const [, name = '', revision = '', file = ''] = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(pathname) ?? []
    const repo = this.repos.get(name)
    const commit = commitOf(repo, decodeURIComponent(revision))
    const files = repo?.commits.get(commit ?? '')
    const bytes = files?.[file]
    const stage = request.method === 'HEAD' ? (revision === commit ? 'head' : 'resolve') : 'get'
    this.#pass(stage, file, request, response, bytes, () => {
      if (!repo) end(response, 404, { 'x-error-code': 'RepoNotFound' })
      else if (!commit || !files) end(response, 404, { 'x-error-code': 'RevisionNotFound' })
      else if (!bytes) end(response, 404, { 'x-error-code': 'EntryNotFound', 'x-repo-commit': commit })
      else if (isLarge(file)) {
        end(response, 302, {
          'x-repo-commit': commit,
          'x-linked-etag': `"${sha256(bytes)}"`,
          'x-linked-size': `${bytes.byteLength}`,
          etag: '"an etag of the redirect"',
          location: `${this.elsewhere}/${name}/${commit}/${file}?signature=secret`,
        })
      } else serve(request, response, bytes, { 'x-repo-commit': commit, etag: `"${gitSha1(bytes)}"` })
    })
  }

  #answerAway(request: IncomingMessage, response: ServerResponse): void {
    // Shows a page nothing but the bytes.
    response.setHeader('access-control-allow-origin', '*')
    const { pathname } = new URL(request.url ?? '/', 'http://away')
    const [, name = '', commit = '', file = ''] = /^\/([^/]+\/[^/]+)\/([^/]+)\/(.+)$/.exec(pathname) ?? []
    const bytes = this.repos.get(name)?.commits.get(commit)?.[file]
    const stage = request.headers.range === undefined ? 'large' : 'resume'
    this.#pass(stage, file, request, response, bytes, () => {
      if (bytes) serve(request, response, bytes, { etag: '"etag elsewhere"' })
      else end(response, 404)
    })
  }

  #pass(
    stage: Stage,
    file: string,
    request: IncomingMessage,
    response: ServerResponse,
    bytes: Uint8Array | undefined,
    answer: () => void,
  ): void {
    this.requests.push({ stage, file, headers: request.headers, method: request.method ?? '' })
    const key = `${stage} ${file}`
    const before = this.#seen.get(key) ?? 0
    this.#seen.set(key, before + 1)
    if (!this.fault?.({ stage, file, before, request, response, bytes, answer })) answer()
  }

  /** The part of the API that Python's snapshot_download asks, and a page. */
  #answerApi(response: ServerResponse, [, name = '', kind, revision = '']: RegExpExecArray): void {
    const repo = this.repos.get(name)
    const sha = commitOf(repo, decodeURIComponent(revision))
    const files = Object.entries(repo?.commits.get(sha ?? '') ?? {})
    if (!sha || files.length === 0) {
      end(response, 404, { 'x-error-code': repo ? 'RevisionNotFound' : 'RepoNotFound' })
      return
    }
    const tree = files.map(([path, bytes]) => {
      const size = bytes.byteLength
      const lfs = isLarge(path) ? { lfs: { oid: sha256(bytes), size, pointerSize: 134 } } : {}
      return { type: 'file', path, size, oid: gitSha1(bytes), ...lfs }
    })
    const siblings = files.map(([rfilename, bytes]) => {
      const size = bytes.byteLength
      const lfs = isLarge(rfilename) ? { lfs: { sha256: sha256(bytes), size, pointerSize: 134 } } : {}
      return { rfilename, size, blobId: gitSha1(bytes), ...lfs }
    })
    const info = { id: name, modelId: name, sha, siblings }
    end(response, 200, { 'content-type': 'application/json' }, JSON.stringify(kind === 'tree' ? tree : info))
  }
}

function commitOf(repo: Repo | undefined, revision: string): string | undefined {
  return repo?.commits.has(revision) ? revision : repo?.refs.get(revision)
}

export function isLarge(file: string): boolean {
  return file.endsWith('.safetensors') || file.endsWith('.bin')
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

export function gitSha1(bytes: Uint8Array): string {
  return createHash('sha1').update(`blob ${bytes.byteLength}\0`).update(bytes).digest('hex')
}

/** With ranges, as RFC 9110 has them. */
function serve(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Uint8Array,
  headers: Record<string, string>,
): void {
  const ifRange = request.headers['if-range']
  const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? []
  const start = Number(from ?? 0)
  const size = bytes.byteLength
  const isWhole = from === undefined || (ifRange !== undefined && ifRange !== headers.etag)
  if (!isWhole && start >= size) {
    end(response, 416, { 'content-range': `bytes */${size}` })
    return
  }
  const rest = isWhole ? bytes : bytes.subarray(start)
  response.writeHead(isWhole ? 200 : 206, {
    ...headers,
    'accept-ranges': 'bytes',
    'content-length': rest.byteLength,
    ...(isWhole ? {} : { 'content-range': `bytes ${start}-${size - 1}/${size}` }),
  })
  response.end(request.method === 'HEAD' ? undefined : rest)
}

export function end(
  response: ServerResponse,
  status: number,
  headers: Record<string, string> = {},
  body: string | Uint8Array = '',
): void {
  response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers })
  response.end(response.req.method === 'HEAD' ? undefined : body)
}
