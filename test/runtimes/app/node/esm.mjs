/** A program that imports the package. */
import { pipeline } from 'bert-ner'
import { measure } from '../measure.js'
import { tell } from './tell.mjs'

tell(await measure(pipeline))
