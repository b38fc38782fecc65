#!/usr/bin/env node
/** The program's file. It turns V8's cache of compiled code on, where Node has one (22.1), before any other code is loaded. */
import module from 'node:module'

const { enableCompileCache } = module as { readonly enableCompileCache?: () => unknown }
enableCompileCache?.()
const { start } = await import('./cli/start.ts')
await start()
