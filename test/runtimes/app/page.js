/** A page with the pipeline in its own thread. */
import { pipeline } from 'bert-ner'
import { defaultModel } from 'bert-ner/weights'
import { measure } from './measure.js'

globalThis.measured = measure(pipeline, defaultModel())
