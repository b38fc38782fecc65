/** A worker with tfjs in it, for who chooses that: the page itself never loads it. */
import 'bert-ner/tfjs'
import { serve } from 'bert-ner/worker'

serve()
