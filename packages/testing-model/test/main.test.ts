import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { input, post } from './support.ts'

const program = join(import.meta.dirname, '../src/main.ts')

async function run(script: string, ...argv: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'seamark-model-'))
  const path = join(folder, 'script.yaml')
  await writeFile(path, script)
  const child = spawn(process.execPath, [program, path, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'close')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
    await rm(folder, { recursive: true, force: true })
  })
  const said = text(child.stderr)
  return {
    child,
    url: async () => {
      for await (const line of createInterface(child.stdout)) return (JSON.parse(line) as { url: string }).url
      throw new Error(await said)
    },
    /** The exit code, and the codes of the problems. */
    end: async () => {
      const [code] = (await ended) as [number | null]
      const lines = (await said).split('\n').filter((line) => line.startsWith('{'))
      return [code, ...lines.map((line) => (JSON.parse(line) as { code: string }).code)]
    },
  }
}

test('a script is served by a process of its own, until it is told to end', async () => {
  const server = await run('version: 1\nturns: [{ answer: Hi }]\n')
  const answer = await post(`${await server.url()}/v1/responses`, input)
  expect(answer.json).toMatchObject({ output: [{ content: [{ text: 'Hi' }] }] })
  server.child.kill('SIGTERM')
  expect(await server.end()).toEqual([0])
})

test.for([
  [['--any-turns'], [0]],
  [[], [5, 'CONFLICT']],
] as const)('it fails where turns are left, unless that is allowed: %s', async ([argv, end]) => {
  const server = await run('version: 1\nturns: [{ answer: Hi }]\n', ...argv)
  await server.url()
  server.child.kill('SIGTERM')
  expect(await server.end()).toEqual(end)
})

test.for([
  ['version: 2\n', []],
  ['version: 1\nturns: [{ answer: Hi }]\n', ['--port', '65536']],
  ['version: 1\nturns: [{ answer: Hi }]\n', ['--what']],
] as const)('it ends at once where there is nothing to serve: %s %s', async ([script, argv]) => {
  const server = await run(script, ...argv)
  const [code, ...problems] = await server.end()
  expect(code).toBe(2)
  expect(new Set(problems)).toEqual(new Set(['INVALID_INPUT']))
})
