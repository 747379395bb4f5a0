import { wireError } from '../wire-error.ts'
import type { Input } from './input.ts'
import { newMaterial } from './key.ts'
import type { KmsKey } from './key.ts'
import type { Operation } from './operation.ts'
import { page } from './operation.ts'
import type { KmsStore } from './store.ts'

const DAY_MS = 86_400_000
/** On-demand rotations that a key may have. */
const MOST_ON_DEMAND = 25

function rotating(store: KmsStore, input: Input, usable: boolean): KmsKey {
  const reference = input.text('KeyId')
  const key = usable ? store.usable(reference) : store.find(reference)
  if (key.materials.length === 0)
    throw wireError(
      'UnsupportedOperationException',
      `${key.arn} key spec is ${key.spec} which is not valid for this operation.`,
    )
  return key
}

/** New bytes for symmetric keys: what was encrypted before stays readable. */
export const rotationOperations: Readonly<Record<string, Operation>> = {
  EnableKeyRotation(store, input) {
    const periodDays = input.integer('RotationPeriodInDays', 365, 90, 2560)
    const key = rotating(store, input, true)
    key.rotation = { periodDays, next: store.now() + periodDays * DAY_MS }
    return {}
  },
  DisableKeyRotation(store, input) {
    rotating(store, input, true).rotation = undefined
    return {}
  },
  GetKeyRotationStatus(store, input) {
    const key = rotating(store, input, false)
    return {
      KeyId: key.arn,
      KeyRotationEnabled: key.rotation !== undefined && key.state !== 'PendingDeletion',
      ...(key.rotation && {
        NextRotationDate: key.rotation.next / 1000,
        RotationPeriodInDays: key.rotation.periodDays,
      }),
    }
  },
  RotateKeyOnDemand(store, input) {
    const key = rotating(store, input, true)
    if (key.materials.filter(({ rotation }) => rotation?.type === 'ON_DEMAND').length >= MOST_ON_DEMAND)
      throw wireError('LimitExceededException', `${key.arn} was rotated on demand ${MOST_ON_DEMAND} times.`)
    key.materials.push(newMaterial({ at: store.now(), type: 'ON_DEMAND' }))
    return { KeyId: key.arn }
  },
  ListKeyRotations(store, input) {
    const key = rotating(store, input, false)
    const { items, more } = page(
      key.materials.filter(({ rotation }) => rotation !== undefined),
      input,
      100,
      1000,
    )
    const shown = items.map(({ id, rotation }) => ({
      KeyId: key.arn,
      KeyMaterialId: id,
      RotationDate: (rotation?.at ?? 0) / 1000,
      RotationType: rotation?.type,
    }))
    return { Rotations: shown, ...more }
  },
}
