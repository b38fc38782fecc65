/** The errors about a PyTorch file: each refusal says what was met, and how to get a file that can be read. */
import { ConvertError } from '../errors.ts'

const AGAIN = 'Fetch the file again: it is damaged, or was not written by torch.save.'
/** Python is not needed here, except for files that nobody should read without it. */
export const IN_PYTHON =
  'In Python, AutoModelForTokenClassification.from_pretrained(FOLDER).save_pretrained(OUT) writes safetensors.'

/** A zip file that is damaged, or uses what torch.save does not. */
export function badZip(subject: string, expected: string, found: string, nextStep = AGAIN): ConvertError {
  return new ConvertError({ code: 'CONVERT_ZIP', subject, expected, found, nextStep })
}

/** A pickle that is damaged, or would build what is no list of tensors. Nothing in it has been run. */
export function badPickle(
  subject: string,
  expected: string,
  found: string,
  nextStep = AGAIN,
  code: 'CONVERT_PICKLE' | 'CONVERT_PICKLE_CODE' = 'CONVERT_PICKLE',
): ConvertError {
  return new ConvertError({ code, subject, expected, found, nextStep })
}

/** A tensor whose shape, strides or place do not fit its storage. */
export function badTensor(subject: string, expected: string, found: string): ConvertError {
  return new ConvertError({ code: 'CONVERT_TENSOR', subject, expected, found, nextStep: AGAIN })
}

/** A file of another form. */
export function unsupported(subject: string, found: string, nextStep = IN_PYTHON): ConvertError {
  const expected = 'a file of torch.save in its zip form (PyTorch 1.6 and later)'
  return new ConvertError({ code: 'CONVERT_UNSUPPORTED', subject, expected, found, nextStep })
}
