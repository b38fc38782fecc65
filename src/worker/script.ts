/** The script of the worker in a page. */
import { pipeline } from '../ner/named.ts'
import { Host } from './host.ts'
import { listen } from './links.ts'

listen(port => {
  const host = new Host(port, pipeline as never)
  return message => host.receive(message)
})
