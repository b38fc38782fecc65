/** Runs the command line on the arguments of the process. */
import { main } from './main.ts'
import { endOnFailedOutput } from './output.ts'

export async function start(): Promise<void> {
  endOnFailedOutput()
  process.exitCode = await main(process.argv.slice(2))
}
