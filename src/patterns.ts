/** `bert-ner/patterns`: what has a form, found without a model. */
export { findPatterns, PATTERNS, type PatternName, type PatternSpan } from './redact/patterns/patterns.ts'
