/** A place that keeps files for the hub's protocol: a cache on disk, or one in a browser. */

/** A hash of bytes that come in pieces. */
export interface Hasher {
  readonly update: (bytes: Uint8Array) => unknown
  readonly hex: () => string
}

/** A file that is being gathered, under a name that nobody reads from. */
export interface Part {
  /** Bytes that are already there, from an earlier try. */
  readonly size: number
  /** The strong ETag of the response that those bytes came from, if there was one. */
  readonly validator: string | undefined
  /** The bytes that are there, from the first. */
  read(): AsyncIterable<Uint8Array>
  /** Drops what is there. What comes next is of the response with this ETag. */
  restart(validator: string | undefined): Promise<void>
  /** Appends. */
  write(bytes: Uint8Array): Promise<void>
  /** Puts the file in its place: it has been checked. */
  finish(): Promise<void>
  /** Leaves the file for another try, perhaps of another process. */
  release(): Promise<void>
}

/** One file of one commit, as the hub describes it. */
export interface RemoteFile {
  readonly name: string
  readonly commit: string
  /** SHA-256 of a large file, git's SHA-1 of a small one; names the blob. */
  readonly etag: string
  readonly size: number | undefined
}

/**
 * `there`: it can be read. `absent`: the model is known to have no such file. `unknown`: nobody has asked yet, or its bytes have
 * been cleaned away.
 */
export type FileState = 'there' | 'absent' | 'unknown'

/** The cache of one model: the layout of huggingface_hub's, in words. */
export interface HubCache {
  /** Where it lies, in words for an error. */
  readonly place: string
  /** The commit that a branch or tag stood for when it was fetched last. */
  commitOf(revision: string): Promise<string | undefined>
  setCommit(revision: string, commit: string): Promise<void>
  stateOf(commit: string, name: string): Promise<FileState>
  setAbsent(commit: string, name: string): Promise<void>
  /** A whole file, of at most `most` bytes. */
  read(commit: string, name: string, most: number): Promise<Uint8Array>
  /**
   * Starts or resumes a file. Undefined if its blob is there. If another process is fetching it, waits for that as long as it
   * makes progress. `isForced`: a blob that is there does not count.
   */
  begin(file: RemoteFile, isForced: boolean): Promise<Part | undefined>
  /** Gives a blob its name in the snapshot of a commit. */
  link(file: RemoteFile): Promise<void>
  createHash(algorithm: 'sha1' | 'sha256'): Hasher
}
