import type { SeamarkClient } from '@seamark/sdk'
import { describe, expect, it } from 'vitest'
import { logTail } from '../src/log-tail.ts'
import { describeProduct } from '../src/product-text.ts'
import { style } from '../src/style.ts'

/** Answers of a service about an item whose program wrote this. */
function wrote(text: string): SeamarkClient {
  return {
    logs: async function* () {
      yield Buffer.from(text)
    },
    item: async () => ({ product: { outputs: [] } }),
  } as unknown as SeamarkClient
}

const red = '\u001B[31mred'

describe('what a program wrote', () => {
  it('ends with its colours on a terminal', async () => {
    const shown = await describeProduct(wrote(`${red}\n`), 'run', 'it', style(true))
    expect(shown).toBe(`${red}\u001B[0m\nNo file changed.\n`)
    expect(await logTail(wrote(`${red}\n`), 'run', 'it', 'main', style(true))).toEqual([
      style(true).dim(`    ${red}\u001B[0m`),
    ])
  })

  it('has no colours elsewhere, and still shows other controls by their numbers', async () => {
    const text = `${red}\u001B[m \u001B]0;title\u0007\u001B[8m\u001B[31\u001B[0mm\n`
    const plain = 'red \\u{1b}]0;title\\u{7}\\u{1b}[8m\\u{1b}[31m'
    expect(await describeProduct(wrote(text), 'run', 'it', style(false))).toBe(`${plain}\nNo file changed.\n`)
    expect(await logTail(wrote(text), 'run', 'it', 'main', style(false))).toEqual([`    ${plain}`])
  })
})
