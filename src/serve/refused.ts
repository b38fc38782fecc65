/** The error of the anonymizer for what it cannot take; Presidio's has the same status, 422. */
import { serveError } from './errors.ts'

export function refused(subject: string, expected: string, found: string) {
  return serveError('SERVE_ANONYMIZE', subject, expected, found, "Send what Presidio's anonymizer takes.")
}
