/**
 * One download of a file at a time, over all tabs of a site (Web Locks, which a closed tab gives back by itself). Another tab is
 * waited for as long as it makes progress; then its lock is taken from it.
 */
import { sleep } from '../patience.ts'

export interface PageLock {
  /** Whether it was taken from a tab that may still write. */
  readonly isStolen: boolean
  /** Whether another tab has taken it since. */
  readonly isLost: () => boolean
  readonly release: () => void
}

/** Milliseconds that another tab is waited for without a sign of life, and between two looks. */
const PATIENCE = 30_000
const POLL = 200

/** `progress` is another text whenever the other tab has shown that it lives. */
export async function takeLock(name: string, progress: () => Promise<string>): Promise<PageLock> {
  const take = locksOf()
  let latest: string | undefined
  let since = Date.now()
  for (;;) {
    const isStolen = Date.now() - since > PATIENCE
    const lock = await take(name, isStolen)
    if (lock) return lock
    const now = await progress()
    if (now !== latest) [latest, since] = [now, Date.now()]
    await sleep(POLL)
  }
}

/** Undefined if another has it, unless it is stolen. */
type Take = (name: string, isStolen: boolean) => Promise<PageLock | undefined>

function locksOf(): Take {
  const { navigator } = globalThis as { readonly navigator?: { readonly locks?: LockManager } }
  const locks = navigator?.locks
  return locks ? (name, isStolen) => takeFrom(locks, name, isStolen) : takeHere
}

function takeFrom(locks: LockManager, name: string, isStolen: boolean): Promise<PageLock | undefined> {
  return new Promise(resolve => {
    let isLost = false
    let isReleased = false
    const options = isStolen ? { steal: true } : { ifAvailable: true }
    locks
      .request(name, options, lock => {
        if (lock === null) {
          resolve(undefined)
          return
        }
        return new Promise<void>(done => {
          const release = () => {
            isReleased = true
            done()
          }
          resolve({ isStolen, isLost: () => isLost, release })
        })
      })
      .catch(() => {
        isLost = !isReleased
        resolve(takeHere(name, isStolen)) // does nothing once it was given; else the browser gives none to this page
      })
  })
}

/** Where there are no Web Locks: within this tab. */
const taken = new Set<string>()

const takeHere: Take = name => {
  if (taken.has(name)) return Promise.resolve(undefined)
  taken.add(name)
  return Promise.resolve({ isStolen: false, isLost: () => false, release: () => taken.delete(name) })
}
