/**
 * What a label says beside its type. A model's labels are read in one of two ways:
 *
 *   as transformers reads them: `B-X` begins an entity of type X, `I-X` continues one, and any other label, `O` too, is
 *     a type of its own that continues itself.
 *   BIOES, or BILOU in other letters: `S-X` (U) is an entity of one token, `E-X` (L) the last token of a longer one.
 *     transformers does not know these and would give each of them a group of its own.
 *
 * The second reading is taken where every label but `O` has a prefix of that scheme and a type that also has `B-`.
 */

export interface Tag {
  /** Never merged with what stands before it. */
  readonly begins: boolean
  /** Never merged with what comes after it. */
  readonly ends: boolean
  /** Neighbours are merged where this is equal. */
  readonly type: string
  /** The name of a group that begins with this label. */
  readonly group: string
}

/** The tag of each label, by label id. */
export function readTags(labels: readonly string[]): Tag[] {
  const scheme = ['BIES', 'BILU'].find(prefixes => isScheme(labels, prefixes))
  return labels.map(label => (scheme !== undefined && label !== 'O' ? schemeTag(label) : plainTag(label)))
}

function schemeTag(label: string): Tag {
  const prefix = label.charAt(0)
  const type = label.slice(2)
  return { begins: 'BSU'.includes(prefix), ends: 'ESLU'.includes(prefix), type, group: type }
}

/** A quirk kept for parity: `S-PER` has the type `S-PER` but the group name `PER`, since groups drop any prefix. */
function plainTag(label: string): Tag {
  const prefixed = label.startsWith('B-') || label.startsWith('I-')
  return {
    begins: label.startsWith('B-'),
    ends: false,
    type: prefixed ? label.slice(2) : label,
    group: label.slice(label.indexOf('-') + 1),
  }
}

/** `prefixes`: `B`, `I`, and the two letters that plain BIO lacks. */
function isScheme(labels: readonly string[], prefixes: string): boolean {
  const known = new Set(labels)
  const tagged = labels.filter(label => label !== 'O')
  const own = prefixes.slice(2)
  return (
    tagged.some(label => label.charAt(1) === '-' && own.includes(label.charAt(0))) &&
    tagged.every(
      label => label.charAt(1) === '-' && prefixes.includes(label.charAt(0)) && known.has(`B-${label.slice(2)}`),
    )
  )
}
