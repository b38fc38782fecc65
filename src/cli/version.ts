import { readFileSync } from 'node:fs'

/** The version in package.json, which lies beside dist/ in the repository and in the published package alike. */
export function packageVersion(): string {
  const parsed = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  return parsed.version
}
