#!/usr/bin/env node
import { main } from './cli/main.ts'
import { endWhenOutputEnds } from './cli/output.ts'

endWhenOutputEnds()
process.exitCode = await main(process.argv.slice(2))
