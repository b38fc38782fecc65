/** Prints a measurement, with the number of cores and the most memory that this process had, as the last line. */
import os from 'node:os'
import process from 'node:process'

export function tell(measured) {
  const memory = process.resourceUsage().maxRSS * 1024
  console.log(JSON.stringify({ ...measured, cores: os.availableParallelism(), memory }))
}
