import type { PlanItemView, PlanView } from '@seamark/protocol'
import type { Style } from './style.ts'
import { fit, harmless } from './style.ts'
import { counted } from './words.ts'

/** The graph of a plan, a line for each item below the step that it could run in. No line is wider than `columns`. */
export function* planText(view: PlanView, style: Style, columns: number): Generator<string> {
  const { items, steps, longest, name } = view
  const widest = steps.reduce((most, step) => Math.max(most, step.length), 0)
  const cut = (text: string): string => fit(harmless(text), columns)
  const title = `${name === undefined ? '' : `${name}: `}${counted(items.length, 'item')}`
  yield style.bold(cut(title))
  yield cut(`at most ${widest} at once`)
  const path = longest.map((at) => items[at]?.item ?? '').join(' → ')
  yield cut(`longest path ${longest.length}: ${path}`)
  const onPath = new Set(longest)
  const width = items.reduce((most, { item }) => Math.max(most, item.length), 0)
  for (const [at, step] of steps.entries()) {
    yield ''
    yield style.bold(cut(`step ${at + 1}, ${counted(step.length, 'item')}`))
    for (const index of step) {
      const item = items[index]
      if (item === undefined) continue
      const line = cut(`${onPath.has(index) ? '●' : '○'} ${item.item.padEnd(width)}${about(item)}`.trimEnd())
      yield onPath.has(index) ? style.cyan(line) : line
    }
  }
}

function about({ needs, locks }: PlanItemView): string {
  const parts = [
    ...(needs.length > 0 ? [`needs ${needs.join(', ')}`] : []),
    ...(locks.length > 0 ? [`locks ${locks.join(', ')}`] : []),
  ]
  return parts.length === 0 ? '' : `  ${parts.join('; ')}`
}
