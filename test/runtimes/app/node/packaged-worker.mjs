/** A program with the pipeline in the worker that the package brings. */
import { pipeline } from 'bert-ner/worker'
import { measure } from '../measure.js'
import { tell } from './tell.mjs'

tell(await measure(pipeline))
process.exit() // the worker is still there
