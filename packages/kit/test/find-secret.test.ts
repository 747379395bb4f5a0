import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findSecret, redactionTable, secretFinder } from '../src/index.ts'

const value = 'Zq8-0123456789/ab+c'
const table = redactionTable([{ name: 'key', value: Buffer.from(value) }])
const forms: Record<string, string> = {
  plain: value,
  base64: Buffer.from(value).toString('base64'),
  'base64 inside of more': Buffer.from(`user:${value}@`).toString('base64'),
  hex: Buffer.from(value).toString('hex'),
  percent: encodeURIComponent(value),
}

describe('a finder of secrets', () => {
  it.each(Object.keys(forms))('finds %s in its line, wherever the stream is cut', (form) => {
    const before = fc.array(fc.constantFrom('a line\n', '\n', 'Zq8-\n', 'x'), { maxLength: 20 })
    fc.assert(
      fc.property(before, fc.array(fc.nat(400), { maxLength: 10 }), (lines, cuts) => {
        const text = Buffer.from(`${lines.join('')}${forms[form]}\nand more\n${forms[form]}`)
        const finder = secretFinder(table)
        const at = [0, ...cuts.map((cut) => cut % text.length).sort((a, b) => a - b), text.length]
        for (const [index, from] of at.slice(0, -1).entries()) finder.push(text.subarray(from, at[index + 1]))
        expect(finder.end()).toEqual({ name: 'key', line: lines.join('').split('\n').length })
      }),
    )
  })

  it('counts the lines of a stream that is longer than anything held', () => {
    const finder = secretFinder(table)
    for (let n = 0; n < 5_000; n++) finder.push(Buffer.from(`line ${n}\n`))
    finder.push(Buffer.from(value.slice(0, 9)))
    expect(finder.push(Buffer.from(value.slice(9)))).toEqual({ name: 'key', line: 5_001 })
  })

  it('finds nothing in a part of a value, in nothing, and without secrets', () => {
    expect(findSecret(Buffer.from(value.slice(0, -1)), table)).toBeUndefined()
    expect(findSecret(new Uint8Array(), table)).toBeUndefined()
    expect(findSecret(Buffer.from(value), redactionTable([]))).toBeUndefined()
  })
})
