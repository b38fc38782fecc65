/** Writes the blocks of docs/from-paper-to-code.md: the record of `run` (run.mjs), as tables of text. */
import { decodeRow } from '../../dist/kernels/stored.js'
import { WORD_CASE } from '../../dist/tokenizer/word-case.js'
import { argmax, columns, mean, norm, row, softmax, vectors } from './text.mjs'

/** All blocks for one text, by their names on the page. */
export function blocks(seen) {
  return {
    model: modelBlock(seen),
    tokens: tokensBlock(seen),
    embedding: embeddingBlock(seen),
    attention: attentionBlock(seen),
    rest: restBlock(seen),
    layer: layerBlock(seen),
    stream: streamBlock(seen),
    logits: logitsBlock(seen),
    lens: lensBlock(seen),
    entities: entitiesBlock(seen),
  }
}

function modelBlock({ N, C, H, D, F, V, L, T }) {
  const rows = [
    ['layers', N, 12, ''],
    ['C', C, 768, 'hidden size: the numbers that stand for one token between layers'],
    ['H', H, 12, 'heads of attention in a layer'],
    ['D', D, 64, 'size of a head, C / H'],
    ['F', F, 3072, 'size of the wider layer in the feed-forward network'],
    ['V', V, 30522, 'pieces in the vocabulary'],
    ['L', L, '', 'labels'],
    ['T', T, '', 'tokens of this text'],
  ]
  const cells = rows.map(([name, here, base, meaning]) => [name, comma(here), comma(base), meaning])
  return columns(['', 'this model', 'BERT-base', ''], cells, '<>><')
}

const comma = value => (typeof value === 'number' ? value.toLocaleString('en-US') : value)

function tokensBlock({ pieces }) {
  const nameOf = Object.fromEntries(Object.entries(WORD_CASE).map(([name, type]) => [type, name]))
  return columns(
    ['t', 'piece', 'id', 'type', 'case', 'in the text', ''],
    pieces.map(({ t, token, id, type, word, start, end, text }) => [
      t,
      token,
      id,
      type,
      nameOf[type] ?? '',
      word === undefined ? '' : `${start}–${end}`,
      text ?? '',
    ]),
    '><>><><',
  )
}

/** The piece's rows in the three tables, their sum, and the sum after LayerNorm. */
function embeddingBlock({ model, pieces, followed: t, C, trace }) {
  const { word, tokenType, position } = model.bert.embedding.tables
  const { id, type, token } = pieces[t]
  const parts = [
    [`word[${id}]`, decodeRow(word.tensor, id, C)],
    [`tokenType[${type}]`, decodeRow(tokenType.tensor, type, C)],
    [`position[${t}]`, decodeRow(position.tensor, t, C)],
  ]
  const sum = Float32Array.from({ length: C }, (_, c) => parts.reduce((total, [, values]) => total + values[c], 0))
  return `${token}\n\n${vectors([...parts, ['sum', sum], ['LayerNorm(sum)', row(trace.hiddenStates[0], t, C)]])}`
}

/** Finds the head with the strongest attention from one token to another. If it can, it takes an entity's second and first piece. */
export function headOf({ pieces, entities, followed, trace, N, H, T }) {
  const many = entities
    .map(({ start, end }) => pieces.filter(piece => piece.start >= start && piece.end <= end))
    .find(inside => inside.length > 1)
  const query = many ? many[1].t : followed
  const key = many ? many[0].t : Math.max(followed - 1, 0)
  let best = { weight: -1 }
  for (let layer = 0; layer < N; layer++) {
    for (let head = 0; head < H; head++) {
      const weights = trace.attention(layer, head, 0)
      const weight = weights[query * T + key]
      if (weight > best.weight) best = { weight, layer, head, weights, query, key }
    }
  }
  return best
}

function attentionBlock(seen) {
  const { pieces, T } = seen
  const { layer, head, weights } = headOf(seen)
  const rows = pieces.map(({ t, token }) => [token, ...row(weights, t, T).map(value => value.toFixed(2))])
  return `layer ${layer}, head ${head}\n\n${columns(['query \\ key', ...pieces.map(({ token }) => token)], rows)}`
}

/** Shows how much attention goes to [CLS], [SEP], the token itself and the others, and the norms of their values. */
function restBlock({ layers, trace, T, N, H, C, D }) {
  const inText = Array.from({ length: T - 2 }, (_, i) => i + 1)
  const heads = Array.from({ length: H }, (_, h) => h)
  const rows = Array.from({ length: N }, (_, layer) => {
    const given = pick => mean(heads.map(h => mean(inText.map(i => trace.attention(layer, h, 0)[i * T + pick(i)]))))
    const value = t =>
      mean(heads.map(h => norm(row(layers[layer].qkv, t, 3 * C).slice(2 * C + h * D, 2 * C + (h + 1) * D))))
    const [first, last, self] = [given(() => 0), given(() => T - 1), given(i => i)]
    const shares = [first, last, self, 1 - first - last - self].map(share => share.toFixed(2))
    return [layer, ...shares, value(0).toFixed(2), mean(inText.map(value)).toFixed(2)]
  })
  return columns(['layer', '[CLS]', '[SEP]', 'itself', 'others', '‖V‖ of [CLS]', '‖V‖ of a piece'], rows)
}

function layerBlock({ layers, pieces, followed: t, trace, N, C, F }) {
  const last = layers[N - 1]
  const qkv = row(last.qkv, t, 3 * C)
  const table = vectors([
    ['x', row(trace.hiddenStates[N - 1], t, C)],
    ['Q', qkv.slice(0, C)],
    ['K', qkv.slice(C, 2 * C)],
    ['V', qkv.slice(2 * C)],
    ['context', row(last.context, t, C)],
    ['context·Woᵀ + bo', row(last.projected, t, C)],
    ['LayerNorm(… + x)', row(last.attended, t, C)],
    ['GELU(·W1ᵀ + b1)', row(last.wide, t, F)],
    ['·W2ᵀ + b2', row(last.narrow, t, C)],
    ['LayerNorm(… + …)', row(last.out, t, C)],
  ])
  return `${pieces[t].token}, layer ${N - 1}\n\n${table}`
}

/** The norm of the stream at each layer, and of what the two sublayers add to it. */
export function streamOf({ layers, trace, followed: t, C }) {
  return layers.map(({ projected, attended, narrow, out }, layer) => ({
    layer,
    x: norm(row(trace.hiddenStates[layer], t, C)),
    attention: norm(row(projected, t, C)),
    between: norm(row(attended, t, C)),
    feedForward: norm(row(narrow, t, C)),
    out: norm(row(out, t, C)),
  }))
}

function streamBlock(seen) {
  const rows = streamOf(seen).map(({ layer, ...norms }) => [layer, ...Object.values(norms).map(n => n.toFixed(2))])
  const head = ['layer', '‖x‖', '+ attention', 'LayerNorm', '+ feed-forward', 'LayerNorm']
  return `${seen.pieces[seen.followed].token}\n\n${columns(head, rows)}`
}

function logitsBlock({ pieces, logits, labels, L }) {
  return columns(
    ['piece', ...labels, '→'],
    pieces.map(({ t, token }) => {
      const values = row(logits, t, L)
      const best = argmax(values)
      return [token, ...values.map(value => value.toFixed(2)), `${labels[best]} ${softmax(values)[best].toFixed(4)}`]
    }),
  )
}

/** The label that the classification head gives the followed piece after each layer, its probability, and the loss. */
export function lensOf({ trace, followed: t, labels, logits, N, L }) {
  const answer = argmax(row(logits, t, L))
  return Array.from({ length: N + 1 }, (_, layer) => {
    const probabilities = softmax(row(trace.layerLogits(layer), t, L))
    const best = argmax(probabilities)
    return {
      layer,
      label: labels[best],
      p: probabilities[best],
      answer: labels[answer],
      pOfAnswer: probabilities[answer],
    }
  })
}

function lensBlock(seen) {
  const lens = lensOf(seen)
  const rows = lens.map(({ layer, label, p, pOfAnswer }) => [
    layer === 0 ? 'embedding' : `layer ${layer - 1}`,
    `${label} ${p.toFixed(4)}`,
    pOfAnswer.toFixed(4),
    Math.abs(Math.log(pOfAnswer)).toFixed(4),
  ])
  const { answer } = lens[0]
  return `${seen.pieces[seen.followed].token}\n\n${columns(['after', 'best label', answer, `−ln p(${answer})`], rows)}`
}

/** Shows pieces → words, each with the label of its first piece, and words → entities, each with its span. */
function entitiesBlock({ text, model, pieces, entities, logits, labels, L }) {
  const { decoding, temperature, oBias } = model.config.decoding
  const answer = t => softmax(row(logits, t, L).map((x, l) => x / temperature + (labels[l] === 'O' ? oBias : 0)))
  const words = []
  for (const piece of pieces) {
    if (piece.word === undefined) continue
    if (words.at(-1)?.[0].word === piece.word) words.at(-1).push(piece)
    else words.push([piece])
  }
  const rows = words.map(word => {
    const probabilities = answer(word[0].t)
    const best = argmax(probabilities)
    const [start, end] = [word[0].start, word.at(-1).end]
    return [
      text.slice(start, end),
      word.map(({ token }) => token).join(' '),
      labels[best],
      probabilities[best].toFixed(4),
    ]
  })
  const found = entities.map(({ entity_group, score, start, end }) => [
    text.slice(start, end),
    `${start}–${end}`,
    entity_group,
    score.toFixed(4),
  ])
  const list = found.length === 0 ? 'no entity' : columns(['entity', 'span', 'type', 'score'], found, '<><>')
  const rules = `decoding ${decoding}, temperature ${temperature}, bias on O ${oBias}`
  return `${rules}\n\n${columns(['word', 'pieces', 'label', 'probability'], rows, '<<<>')}\n\n${list}`
}

const STRATEGIES = ['simple', 'first', 'average', 'max']

/** Shows a text, its pieces with their best labels, and the entities that each strategy finds. */
export async function strategiesBlock(ner, candidates) {
  let most
  for (const text of candidates) {
    const answers = []
    for (const aggregation_strategy of STRATEGIES) {
      answers.push(await ner(text, { aggregation_strategy, decoding: 'argmax' }))
    }
    // Scores nearly always differ, so only the spans and their types are compared.
    const kinds = new Set(
      answers.map(found => found.map(({ entity_group, start, end }) => [entity_group, start, end]).join()),
    ).size
    if (kinds > (most?.kinds ?? 0)) most = { text, answers, kinds }
    if (kinds === STRATEGIES.length) break
  }
  const pieces = await ner(most.text, { ignore_labels: [], top_k: 2, decoding: 'argmax' })
  const rows = pieces.map(({ word, labels: [a, b] }) => [
    word,
    `${a.label} ${a.score.toFixed(2)}`,
    `${b.label} ${b.score.toFixed(2)}`,
  ])
  const list = STRATEGIES.map((name, i) => [name, describe(most.text, most.answers[i])])
  return `${most.text}\n\n${columns(['piece', 'best', 'second'], rows, '<')}\n\n${columns(['strategy', 'entities'], list, '<')}`
}

function describe(text, entities) {
  const list = entities.map(
    ({ entity_group, start, end, score }) => `${entity_group} ${text.slice(start, end)} ${score.toFixed(2)}`,
  )
  return list.join(', ') || 'none'
}

/** Shows the scales of one int8 matrix. It counts how many of its 127 steps a row would keep if all rows shared one scale. */
export async function scalesBlock(file) {
  const rows = []
  for (const [key, { dtype, shape }] of file.tensors) {
    if (dtype !== 'I8' || !/layer\.\d+\.(intermediate|output)\.dense|classifier/.test(key)) continue
    const { data } = await file.read(`${key}_scale`)
    const sorted = [...data].sort((a, b) => a - b)
    const [least, median, most] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)]
    const left = scale => Math.round((127 * scale) / most)
    rows.push([
      key.replace('bert.encoder.', ''),
      shape.join(' × '),
      ...[least, median, most].map(s => s.toExponential(1)),
      left(median),
      left(least),
    ])
  }
  return columns(['matrix', 'shape', 'least scale', 'median', 'largest', 'steps left: median row', 'least row'], rows)
}
