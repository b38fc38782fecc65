/** Opens the weights of a model for conversion: safetensors, or where there are none `pytorch_model.bin`; single or in shards. */
import { openCheckpoint, openWeightFiles, type WeightFiles } from '../safetensors/checkpoint.ts'
import type { OpenSafetensors } from '../safetensors/reader.ts'
import type { ModelSource } from '../source/source.ts'
import { codeOf } from '../values.ts'
import { openTorch } from './torch.ts'

const PYTORCH: WeightFiles = {
  single: 'pytorch_model.bin',
  index: 'pytorch_model.bin.index.json',
  extension: '.bin',
  open: openTorch,
}

/**
 * The caller closes it.
 *
 * @throws as `openCheckpoint` does; ConvertError for a PyTorch file that is damaged, or holds more than tensors
 */
export async function openAnyWeights(source: ModelSource): Promise<OpenSafetensors> {
  try {
    return await openCheckpoint(source)
  } catch (error) {
    if (codeOf(error) !== 'SOURCE_FILE_MISSING') throw error
    const opened = await openWeightFiles(source, PYTORCH)
    if ('read' in opened) return opened
    throw error
  }
}
