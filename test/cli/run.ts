/** Runs the built command line as a process. */
import { spawn } from 'node:child_process'

export interface Finished {
  status: number | null
  stdout: string
  stderr: string
}

export function run(...args: string[]): Promise<Finished> {
  return runWith({}, ...args)
}

/** `input`: what standard input gives; without it, standard input is closed. */
export function runWith(
  options: { input?: string | Uint8Array; env?: NodeJS.ProcessEnv },
  ...args: string[]
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['dist/cli.js', ...args], { env: { ...process.env, ...options.env } })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.on('error', reject)
    child.on('close', status => {
      resolve({ status, stdout, stderr })
    })
    child.stdin.on('error', () => undefined) // The program need not read its input to the end.
    child.stdin.end(options.input ?? '')
  })
}
