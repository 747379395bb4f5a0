import { expect, it } from 'vitest'
import { planPage } from '../reference/plan.ts'

const rows = [...planPage().matchAll(/^\| `(\S+)`(, needed)? \| (.+?) \| ?(.*) \|$/gm)]

it('has every field of a plan once in its section, with words that say what it is', () => {
  const names = rows.map(([, name]) => name)
  for (const name of ['workspace.setup.policy.network', 'needs.NAME.select', 'gates[].protect', 'retries.max'])
    expect(names).toContain(name)
  expect(rows.filter(([, , , , about]) => about === '').map(([, name]) => name)).toEqual([])
})

it('says what is needed, and of which kind it is', () => {
  const row = (name: string) => rows.find(([, one]) => one === name)?.slice(2, 4)
  expect(row('items')).toEqual([', needed', '[list: object](#items)'])
  expect(row('outputs[].kind')).toEqual([undefined, '`junit`, `sarif`, `coverage`'])
  expect(row('children.max')).toEqual([', needed', 'whole number, 1 to 100'])
  expect(row('keepWorkspace')).toEqual([undefined, 'true or false'])
  expect(row('run')).toEqual([undefined, 'text, or list: text'])
})
