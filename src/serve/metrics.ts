/** What the service counts, in Prometheus' text format. Labels are routes, codes and types: never anything that a client chose. */
import type { Entity } from '../ner/entity.ts'
import { labelOf } from '../ner/entity.ts'
import type { LogEntry } from './options.ts'
import type { QueueObserver } from './queue.ts'
import { Counter, Gauge, Histogram, Registry } from './vendor/prometheus.ts'

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const TOKENS = [16, 32, 64, 128, 256, 512, 1024]

export class Metrics implements QueueObserver {
  readonly #registry = new Registry()
  readonly #requests = new Counter({
    name: 'bert_ner_requests_total',
    help: 'Requests answered, by route and status.',
    labelNames: ['route', 'code'],
    registers: [this.#registry],
  })
  readonly #duration = new Histogram({
    name: 'bert_ner_request_duration_seconds',
    help: 'From the arrival of a request to its answer.',
    labelNames: ['route'],
    buckets: SECONDS,
    registers: [this.#registry],
  })
  readonly #queue = this.#histogram(
    'bert_ner_queue_seconds',
    'From joining the queue to the first forward pass.',
    SECONDS,
  )
  readonly #inference = this.#histogram('bert_ner_inference_seconds', 'One forward pass.', SECONDS)
  readonly #batch = this.#histogram('bert_ner_batch_tokens', 'Packed tokens of one forward pass.', TOKENS)
  readonly #texts = this.#counter('bert_ner_texts_total', 'Texts answered.')
  readonly #entities = new Counter({
    name: 'bert_ner_entities_total',
    help: 'Entities found, by type.',
    labelNames: ['type'],
    registers: [this.#registry],
  })

  constructor(waiting: () => number) {
    new Gauge({
      name: 'bert_ner_queue_tokens',
      help: 'Tokens that wait for a forward pass.',
      registers: [this.#registry],
      collect() {
        this.set(waiting())
      },
    })
  }

  started(seconds: number): void {
    this.#queue.observe(seconds)
  }

  computed(seconds: number, tokens: number): void {
    this.#inference.observe(seconds)
    this.#batch.observe(tokens)
  }

  found(results: readonly (readonly Entity[])[]): void {
    this.#texts.inc(results.length)
    for (const entities of results) for (const entity of entities) this.#entities.inc({ type: labelOf(entity) })
  }

  answered({ route, status, ms }: LogEntry): void {
    this.#requests.inc({ route, code: String(status) })
    this.#duration.observe({ route }, ms / 1000)
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }

  #histogram(name: string, help: string, buckets: number[]): Histogram {
    return new Histogram({ name, help, buckets, registers: [this.#registry] })
  }

  #counter(name: string, help: string): Counter {
    return new Counter({ name, help, registers: [this.#registry] })
  }
}
