import { appendFileSync } from 'node:fs'
import { writtenInput } from '../src/written-input.ts'

// Writes to a program that keeps what it gets in a file, from a byte of its input on, until it is killed.
const [path = '', got = '', from = '0'] = process.argv.slice(2)
const write = writtenInput(path, async (bytes) => appendFileSync(got, bytes), 64 * 2 ** 20)
let at = Number(from)
for (let count = 0; ; count++) {
  const bytes = Buffer.from(`${at} ${'x'.repeat((count * 7_919) % 200_000)}\n`)
  await write(bytes, at, at)
  at += bytes.byteLength
  process.stdout.write(`sent ${count}\n`)
}
