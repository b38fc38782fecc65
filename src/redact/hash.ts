/**
 * Names as keyed hashes: the first 12 hex digits of HMAC-SHA-256 (RFC 2104, FIPS 180-4), by Web Crypto. Without the key
 * nobody can try names until one fits; with the key the same name has the same hash in every session, and cannot be restored
 * by anyone.
 */
import { BackendError, OptionError } from '../errors.ts'

const DIGITS = 12
/** Bytes of a key, at least: names are few, and a short key is soon tried. */
export const SHORTEST_KEY = 16

export type Hasher = (name: string) => Promise<string>

/** @throws (rejects with) BackendError `BACKEND_UNAVAILABLE` on a page without a secure context */
export function hasher(key: string | Uint8Array): Hasher {
  const bytes = typeof key === 'string' ? new TextEncoder().encode(key) : Uint8Array.from(key)
  let imported: Promise<CryptoKey> | undefined
  return async name => {
    const { subtle } = globalThis.crypto as { subtle?: SubtleCrypto }
    if (!subtle) throw noCrypto()
    imported ??= subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
    const signature = new Uint8Array(await subtle.sign('HMAC', await imported, new TextEncoder().encode(name)))
    return Array.from(signature.subarray(0, DIGITS / 2), byte => byte.toString(16).padStart(2, '0')).join('')
  }
}

/** @throws OptionError `OPTION_VALUE` for no key or a short one; the message does not show it */
export function checkKey(key: string | Uint8Array | undefined): string | Uint8Array {
  const length = typeof key === 'string' ? new TextEncoder().encode(key).length : (key?.length ?? 0)
  if (key !== undefined && length >= SHORTEST_KEY) return key
  throw new OptionError({
    code: 'OPTION_VALUE',
    subject: 'key',
    expected: `a secret of ${SHORTEST_KEY} bytes or more with style 'hash'`,
    found: key === undefined ? 'nothing' : `${length} bytes`,
    nextStep: 'Make one once and keep it: crypto.getRandomValues(new Uint8Array(32)).',
  })
}

function noCrypto(): BackendError {
  return new BackendError({
    code: 'BACKEND_UNAVAILABLE',
    subject: 'Web Crypto',
    expected: 'crypto.subtle, which computes the hashes',
    found: 'none',
    nextStep: 'Serve the page over https, or take another style.',
  })
}
