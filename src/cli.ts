#!/usr/bin/env node
import { main } from './cli/main.ts'
import { endQuietlyOnClosedPipe } from './cli/output.ts'

endQuietlyOnClosedPipe()
process.exitCode = await main(process.argv.slice(2))
