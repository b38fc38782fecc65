/**
 * TemplateProcessing: places the special tokens, and gives each part its type id.
 *
 *     single:  [CLS] A [SEP]              pair:  [CLS] A [SEP] B [SEP]
 *     type id    0   0   0                         0   0   0   1   1
 */

/** A special token of the template: one name, usually one id. */
export interface TemplateSpecial {
  readonly kind: 'special'
  readonly ids: readonly number[]
  readonly tokens: readonly string[]
  readonly typeId: number
}

export interface TemplateSequence {
  readonly kind: 'sequence'
  readonly sequence: 'A' | 'B'
  readonly typeId: number
}

export type TemplatePart = TemplateSpecial | TemplateSequence

export interface Template {
  readonly single: readonly TemplatePart[]
  readonly pair: readonly TemplatePart[]
}

/** Special tokens on one side of a text. */
export interface SpecialPieces {
  readonly ids: readonly number[]
  readonly typeIds: readonly number[]
}

/** The special tokens around one text: `[CLS]` before it, `[SEP]` after it. */
export interface AroundText {
  readonly before: SpecialPieces
  readonly after: SpecialPieces
}

/** Finds the special tokens around one text. `typeId` replaces the template's type ids. */
export function aroundText({ single }: Template, typeId?: number): AroundText {
  const at = single.findIndex(({ kind }) => kind === 'sequence')
  const pieces = (parts: readonly TemplatePart[]): SpecialPieces => {
    const specials = parts.filter(part => part.kind === 'special')
    return {
      ids: specials.flatMap(({ ids }) => ids),
      typeIds: specials.flatMap(part => part.ids.map(() => typeId ?? part.typeId)),
    }
  }
  return { before: pieces(single.slice(0, at)), after: pieces(single.slice(at + 1)) }
}

/** The template of a model without a post-processor. */
export const BARE_TEMPLATE: Template = {
  single: [{ kind: 'sequence', sequence: 'A', typeId: 0 }],
  pair: [
    { kind: 'sequence', sequence: 'A', typeId: 0 },
    { kind: 'sequence', sequence: 'B', typeId: 1 },
  ],
}

/** BERT's own template: [CLS] A [SEP], or [CLS] A [SEP] B [SEP]. */
export function bertTemplate(cls: readonly [string, number], sep: readonly [string, number]): Template {
  const special = ([token, id]: readonly [string, number], typeId: number): TemplateSpecial => ({
    kind: 'special',
    ids: [id],
    tokens: [token],
    typeId,
  })
  const single: TemplatePart[] = [special(cls, 0), { kind: 'sequence', sequence: 'A', typeId: 0 }, special(sep, 0)]
  return { single, pair: [...single, { kind: 'sequence', sequence: 'B', typeId: 1 }, special(sep, 1)] }
}
