/**
 * Clients take turns, and so do the requests of one client. A turn is one window of a text, so a book of a thousand windows
 * and a line of chat both advance by one.
 *
 *     clients   a ─ b ─ c ─►        the first gives a window, and goes to the end
 *     requests  a: book ─ line ─►   the same among the requests of a client
 */

/** A request, as far as its turns are concerned. */
export interface Turn {
  readonly client: unknown
  /** Whether it has more windows to give. */
  hasMore(): boolean
}

/** Sets keep the order of insertion, and delete in constant time. */
export class Turns<T extends Turn> {
  readonly #clients = new Map<unknown, Set<T>>()

  add(item: T): void {
    const own = this.#clients.get(item.client)
    if (own) own.add(item)
    else this.#clients.set(item.client, new Set([item]))
  }

  /** The request whose turn it is. */
  first(): T | undefined {
    for (const own of this.#clients.values()) for (const item of own) return item
    return undefined
  }

  /** Ends the turn of `item`, which goes behind the others if it has more to give, as does its client. */
  pass(item: T): void {
    const own = this.#clients.get(item.client)
    if (!own) return
    this.#clients.delete(item.client)
    own.delete(item)
    if (item.hasMore()) own.add(item)
    if (own.size > 0) this.#clients.set(item.client, own)
  }

  /** Takes a request out, wherever it stands. */
  remove(item: T): void {
    const own = this.#clients.get(item.client)
    if (own?.delete(item) && own.size === 0) this.#clients.delete(item.client)
  }
}
