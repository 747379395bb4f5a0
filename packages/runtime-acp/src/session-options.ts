import type { RuntimeTask } from '@seamark/core'
import type { ConfigOption } from './message.ts'

/** A choice that is made before the prompt. */
export interface SetOption {
  readonly id: string
  readonly value: string
}

type Wanted =
  | { readonly ok: true; readonly options: readonly SetOption[] }
  | { readonly ok: false; readonly reason: 'model' | 'effort'; readonly detail: string }

const CATEGORIES = { model: 'model', effort: 'thought_level' } as const

/** The options of the agent that an item's `model` and `effort` choose. What the agent does not offer is refused, never passed over. */
export function optionsFor({ model, effort }: RuntimeTask, offered: readonly ConfigOption[]): Wanted {
  const options: SetOption[] = []
  for (const [reason, value] of [
    ['model', model],
    ['effort', effort],
  ] as const) {
    if (value === undefined) continue
    const option = offered.find(({ id, category }) => category === CATEGORIES[reason] || id === reason)
    const values = (option?.options ?? [])
      .flatMap((one) => [one, ...(one.options ?? [])])
      .flatMap((one) => one.value ?? [])
    if (option === undefined || !values.includes(value)) {
      const list = values.slice(0, 20).join(', ')
      return {
        ok: false,
        reason,
        detail: `The agent offers no ${reason} ${value}${list === '' ? '' : `, but ${list}`}.`,
      }
    }
    options.push({ id: option.id.slice(0, 200), value })
  }
  return { ok: true, options }
}
