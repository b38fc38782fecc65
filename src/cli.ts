#!/usr/bin/env node
import { main } from './cli/main.ts'
import { endOnFailedOutput } from './cli/output.ts'

endOnFailedOutput()
process.exitCode = await main(process.argv.slice(2))
