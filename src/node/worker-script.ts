/** The script of the worker in Node. */
import { serve } from '../node-worker.ts'

serve()
