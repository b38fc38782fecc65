/** A page with the pipeline in the worker that the package brings. */
import { defaultModel } from 'bert-ner/weights'
import { pipeline } from 'bert-ner/worker'
import { measure } from './measure.js'

globalThis.measured = measure(pipeline, defaultModel())
