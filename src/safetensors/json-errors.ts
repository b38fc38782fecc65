/** Turns faults in the JSON of a safetensors file or index into errors. */
import { SafetensorsError } from '../errors.ts'
import type { FaultError } from '../json/scanner.ts'

const FAULTS = {
  syntax: ['SAFETENSORS_JSON_SYNTAX', 'The file is damaged or is no safetensors file: fetch it again.'],
  number: [
    'SAFETENSORS_NUMBER_INVALID',
    'The file is damaged or was not written by a safetensors writer: fetch it again.',
  ],
  depth: ['SAFETENSORS_JSON_TOO_DEEP', 'No safetensors writer nests values: do not trust this file.'],
  surrogate: [
    'SAFETENSORS_LONE_SURROGATE',
    'The name cannot be written in UTF-8: rename the tensor and save the file again.',
  ],
} as const

/** Makes the errors for one text. `subject` names it in messages. */
export function jsonErrors(subject: string): FaultError {
  return ({ kind, expected, found }) => {
    const [code, nextStep] = FAULTS[kind]
    return new SafetensorsError({ code, subject, expected, found, nextStep })
  }
}
