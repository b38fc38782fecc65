/** A model whose weights are in files of another kind: which they are, and which command makes safetensors of them. */
import { SourceError } from '../errors.ts'
import type { ModelSource } from './source.ts'

/** A file that gives a kind away; and, of weights that are not there, how to get them. */
export interface OtherFiles {
  readonly files: readonly string[]
  readonly kind: string
  readonly nextStep: string
}

/** FOLDER and OUT stand for what the reader has, and wants. */
export const OTHER_FILES: readonly OtherFiles[] = [
  {
    files: ['pytorch_model.bin', 'pytorch_model.bin.index.json'],
    kind: 'a pickle of PyTorch',
    nextStep: 'This reads its tensors and runs nothing: bert-ner convert FOLDER OUT. Then name OUT.',
  },
  {
    files: ['adapter_config.json'],
    kind: 'an adapter, which is a part of a model',
    nextStep:
      'Merge it with its base in Python: AutoPeftModelForTokenClassification.from_pretrained(FOLDER).merge_and_unload().save_pretrained(OUT).',
  },
  {
    files: ['onnx/model.onnx', 'onnx/model_quantized.onnx', 'model.onnx', 'model_quantized.onnx'],
    kind: 'an ONNX program',
    nextStep: 'Name the model that it was exported from: its model card does, as base_model.',
  },
  {
    files: ['tf_model.h5'],
    kind: 'weights of TensorFlow',
    nextStep:
      'In Python with transformers 4: AutoModelForTokenClassification.from_pretrained(FOLDER, from_tf=True).save_pretrained(OUT).',
  },
  {
    files: ['flax_model.msgpack'],
    kind: 'weights of Flax',
    nextStep:
      'In Python with transformers 4: AutoModelForTokenClassification.from_pretrained(FOLDER, from_flax=True).save_pretrained(OUT).',
  },
]

/** The error for a missing file, if the source has other weights in its place; else `missing` itself. */
export async function otherFiles(source: ModelSource, missing: Error): Promise<Error> {
  for (const { files, kind, nextStep } of OTHER_FILES) {
    for (const name of files) {
      if (!(await isThere(source, name))) continue
      const { subject = name, expected = 'a file of this name' } = missing as Partial<SourceError>
      return new SourceError({
        code: 'SOURCE_FILE_MISSING',
        subject,
        expected,
        found: `${name}: ${kind}`,
        nextStep,
        cause: missing,
      })
    }
  }
  return missing
}

async function isThere(source: ModelSource, name: string): Promise<boolean> {
  try {
    const file = await source.open(name)
    await file.close?.()
    return true
  } catch {
    return false
  }
}
