/** `GET /openapi.json`: the service as OpenAPI 3.1 describes it. */

type Schema = Readonly<Record<string, unknown>>

const text = { type: 'string' } as const
const number = { type: 'number' } as const
const whole = { type: 'integer', minimum: 0 } as const
const list = (items: Schema) => ({ type: 'array', items })
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` })
const object = (properties: Record<string, Schema>, required = Object.keys(properties)) => ({
  type: 'object',
  properties,
  ...(required.length === 0 ? {} : { required }),
})
const oneOrMore = (schema: Schema) => ({ oneOf: [schema, list(schema)] })
const json = (schema: Schema) => ({ 'application/json': { schema } })

const SCHEMAS = {
  Error: object({ error: text, code: text }),
  Entity: object(
    {
      entity_group: text,
      entity: { ...text, description: 'Instead of entity_group, if aggregation_strategy is none.' },
      index: whole,
      score: number,
      word: text,
      start: whole,
      end: whole,
      labels: list(object({ label: text, score: number })),
    },
    ['score', 'word', 'start', 'end'],
  ),
  Parameters: object(
    {
      aggregation_strategy: { enum: ['none', 'simple', 'first', 'average', 'max'], default: 'simple' },
      ignore_labels: { ...list(text), default: ['O'] },
      stride: whole,
      threshold: { ...number, minimum: 0, maximum: 1, default: 0 },
      top_k: { ...whole, default: 0 },
      offset_unit: { enum: ['codepoint', 'utf16'], default: 'codepoint' },
    },
    [],
  ),
  AnalyzerResult: object({
    entity_type: text,
    start: whole,
    end: whole,
    score: number,
    analysis_explanation: { type: 'null' },
  }),
  Mapping: object({
    format: { const: 'bert-ner mapping' },
    version: { const: 1 },
    names: list(object({ label: text, number: whole, name: text, replacement: text })),
    reserved: list(text),
  }),
} satisfies Record<string, Schema>

const FAILURES: Readonly<Record<string, string>> = {
  400: 'A body or a parameter that cannot be',
  401: 'No token, or a wrong one',
  408: 'The body came too slowly',
  413: 'Too many bytes, or too many tokens',
  415: 'No JSON in UTF-8',
  422: 'Something that this service does not have',
  429: 'The queue is full, or the service is loading or stopping',
  500: 'The service failed',
  503: 'Loading or draining',
  504: 'Not ready before the deadline',
}

const TAGGING = post(
  'Entities of texts, as the Hugging Face clients ask for them',
  object({ inputs: oneOrMore(text), parameters: ref('Parameters') }, ['inputs']),
  { oneOf: [list(ref('Entity')), list(list(ref('Entity')))] },
)

const PATHS = {
  '/': TAGGING,
  '/models/{name}': {
    ...TAGGING,
    parameters: [{ name: 'name', in: 'path', required: true, schema: text, description: 'Any: one model is served.' }],
  },
  '/pipeline/token-classification': TAGGING,
  '/analyze': post(
    "Presidio's analyzer",
    object(
      {
        text: oneOrMore(text),
        language: { const: 'en' },
        entities: list(text),
        score_threshold: { ...number, minimum: 0, maximum: 1, default: 0 },
      },
      ['text', 'language'],
    ),
    { oneOf: [list(ref('AnalyzerResult')), list(list(ref('AnalyzerResult')))] },
    ['422'],
  ),
  '/anonymize': post(
    "Presidio's anonymizer",
    object(
      {
        text,
        analyzer_results: list(object({ entity_type: text, start: whole, end: whole, score: number })),
        anonymizers: {
          type: 'object',
          additionalProperties: object(
            {
              type: { enum: ['replace', 'redact', 'mask', 'hash'] },
              new_value: text,
              masking_char: text,
              chars_to_mask: { type: 'integer' },
              from_end: { type: 'boolean' },
              hash_type: { enum: ['sha256', 'sha512'], default: 'sha256' },
              salt: text,
            },
            ['type'],
          ),
        },
      },
      ['text', 'analyzer_results'],
    ),
    object({
      text,
      items: list(object({ start: whole, end: whole, entity_type: text, text, operator: text, score: number })),
    }),
    ['422'],
  ),
  '/redact': post(
    'A text without its names, and the mapping that brings them back',
    object({ inputs: text, mapping: ref('Mapping') }, ['inputs']),
    object({
      text,
      entities: list(
        object({ entity_group: text, score: number, source: text, replacement: text, start: whole, end: whole }),
      ),
      mapping: ref('Mapping'),
    }),
  ),
  '/restore': post('A text with its names', object({ text, mapping: ref('Mapping') }), object({ text })),
  '/health': get('Whether the process is alive', object({ status: text }), '500'),
  '/ready': get('Whether requests are taken: not while loading or draining', object({ status: text }), '503'),
  '/info': get(
    'The model and the limits',
    object({ model: {}, sha256: {}, backend: {}, dtype: {}, limits: {} }),
    '401',
  ),
  '/metrics': {
    get: {
      summary: 'Metrics for Prometheus',
      responses: { 200: { description: 'Metrics', content: { 'text/plain': { schema: text } } }, 401: failure('401') },
    },
  },
  '/openapi.json': get('This document', { type: 'object' }, '401'),
} as const

/** The routes, as metrics and logs name them. */
export const ROUTES: readonly string[] = Object.keys(PATHS)

export function openapi(hasToken: boolean): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'bert-ner',
      version: '1',
      description: 'Named-entity recognition over HTTP.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    paths: PATHS,
    components: {
      schemas: SCHEMAS,
      ...(hasToken ? { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } } : {}),
    },
    ...(hasToken ? { security: [{ token: [] }] } : {}),
  }
}

function post(summary: string, body: Schema, answer: Schema, more: readonly string[] = []) {
  const codes = ['400', '401', '408', '413', '415', '429', '500', '504', ...more].sort()
  const failures = Object.fromEntries(codes.map(code => [code, failure(code)]))
  return {
    post: {
      summary,
      requestBody: { required: true, content: json(body) },
      responses: { 200: { description: 'The answer', content: json(answer) }, ...failures },
    },
  }
}

function get(summary: string, answer: Schema, code: string) {
  const responses = { 200: { description: 'The answer', content: json(answer) }, [code]: failure(code) }
  return { get: { summary, responses } }
}

function failure(code: string) {
  return {
    description: FAILURES[code] ?? 'An error',
    content: json(ref('Error')),
    ...(code === '429' ? { headers: { 'Retry-After': { schema: whole, description: 'Seconds.' } } } : {}),
  }
}
