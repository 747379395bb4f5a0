import { readFileSync, statSync } from 'node:fs'
import { once } from 'node:events'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { socketAddress } from '@seamark/cli'
import { REPORT_LIMITS } from '@seamark/report'
import { afterAll, expect, it } from 'vitest'
import { place } from './seamark.ts'

const here = place()
const slow = place()
afterAll(() => [here, slow].forEach((each) => each.remove()))

/** Without the white space around elements. */
const flat = (page: string): string => page.replaceAll(/>\s+/g, '>').replaceAll(/\s+</g, '<')

const script = '</script><script>alert(1)</script>'

it('shows a run that is over, with its patch, its log and its evidence, and nothing as markup', async () => {
  here.repository('repo', { 'a.ts': 'const a = 1\n' })
  here.write(
    'plan.json',
    JSON.stringify({
      version: 1,
      name: script,
      workspace: { git: 'repo' },
      defaults: { executor: 'process' },
      items: [
        { id: 'edit', run: `echo 'const b = 2' >> a.ts; echo '${script}'`, gates: [{ run: 'true' }] },
        { id: 'fail', run: 'echo wrong >&2; exit 3' },
        { id: 'after', needs: { f: { from: 'fail', select: 'patch' } }, run: 'true' },
      ],
    }),
  )
  expect((await here.seamark('run', 'plan.json', '--id', 'r')).code).toBe(11)
  const made = await here.seamark('report', 'r', '-o', 'r.html', '--json')
  const path = join(here.dir, 'r.html')
  expect(made).toMatchObject({ code: 0, err: '' })
  expect(JSON.parse(made.out)).toEqual({ run: 'r', path, bytes: statSync(path).size })
  expect(statSync(path).mode & 0o777).toBe(0o600)
  const page = flat(readFileSync(path, 'utf8'))
  expect(page.match(/<script>/g)).toHaveLength(1)
  expect(page).not.toContain('alert(1)</script>')
  expect(page).toContain(flat('<span class="hljs-keyword">const</span> b = <span class="hljs-number">2</span></ins>'))
  for (const [index, status] of ['succeeded', 'failed', 'skipped'].entries())
    expect(new RegExp(`id="i${index}">\\s*<summary>\\s*<span class="badge s-${status}">`).test(page)).toBe(true)
  expect(page).toMatch(/badge s-succeeded">verified</)
  expect(page).toMatch(/<pre class="log">wrong/)

  const again = await here.seamark('report', 'r', '-o', '-')
  const still = (whole: string): string => whole.replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g, 'then')
  expect(still(flat(again.out))).toBe(still(page))
})

it('shows a run that goes on, says that nothing was verified, and is served with a policy for browsers', async () => {
  here.write(
    'long.json',
    JSON.stringify({ version: 1, workspace: { git: 'repo' }, defaults: { executor: 'process' }, items: [{ id: 'long', run: 'sleep 60' }] }), // prettier-ignore
  )
  const service = here.start('serve', '--json')
  await service.saw('"ready"')
  expect((await here.seamark('submit', 'long.json', '--id', 'long')).code).toBe(0)
  const address = socketAddress(JSON.parse(readFileSync(join(here.data, 'service.json'), 'utf8')).socket)
  const asked = request({ socketPath: address.path, path: '/v1/runs/long/report' }).end()
  const [answer] = await once(asked, 'response')
  const [status, headers, body] = [answer.statusCode, answer.headers, await text(answer)]
  address.release()
  expect(status).toBe(200)
  expect(headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': expect.stringMatching(/^default-src 'none'/),
    'x-content-type-options': 'nosniff',
  })
  expect(flat(body)).toMatch(/badge s-parked">not verified</)
  expect(flat(body)).toMatch(/id="i0"><summary><span class="badge s-(?:running|waiting)">/)
  service.child.kill('SIGTERM')
  await service.ended
})

it('of a run that there is not is refused, and writes nothing', async () => {
  const { code, out } = await here.seamark('report', 'nobody', '-o', 'nobody.html')
  expect({ code, out }).toEqual({ code: 4, out: '' })
  expect(statSync(join(here.dir, 'nobody.html'), { throwIfNoEntry: false })).toBeUndefined()
})

it('holds up no other request, and is made one at a time, where a patch is written to be slow', async () => {
  // Colours of this take minutes: their grammar's time grows with the square of it.
  slow.repository('repo', { 'a.ts': '' })
  const run = "yes 'a b a b a b a b a b' | head -8000 > a.cs"
  slow.write(
    'slow.json',
    JSON.stringify({ version: 1, workspace: { git: 'repo' }, defaults: { executor: 'process' }, items: [{ id: 'slow', run }] }), // prettier-ignore
  )
  expect((await slow.seamark('run', 'slow.json', '--id', 'slow')).code).toBe(0)
  const service = slow.start('serve', '--json')
  await service.saw('"ready"')
  const address = socketAddress(JSON.parse(readFileSync(join(slow.data, 'service.json'), 'utf8')).socket)
  const get = async (path: string): Promise<{ status: number; body: string; at: number }> => {
    const [answer] = await once(request({ socketPath: address.path, path }).end(), 'response')
    return { status: answer.statusCode, body: await text(answer), at: performance.now() }
  }
  let open = 2
  const reports = ['a', 'b'].map(async () => {
    const answer = await get('/v1/runs/slow/report')
    open--
    return answer
  })
  let longest = 0
  while (open > 0) {
    const asked = performance.now()
    const { status, at } = await get('/v1/runs/slow')
    expect(status).toBe(200)
    longest = Math.max(longest, at - asked)
    await sleep(50)
  }
  const made = await Promise.all(reports)
  for (const { status, body } of made) {
    expect(status).toBe(200)
    expect(body).not.toContain('<span class="hljs-')
    expect(body.match(/<ins>/g)?.length).toBeGreaterThan(7_000)
  }
  const [first = 0, second = 0] = made.map(({ at }) => at).toSorted((a, b) => a - b)
  expect(second - first).toBeGreaterThan(REPORT_LIMITS.colourMs * 0.9)
  expect(longest).toBeLessThan(2_000)
  address.release()
  service.child.kill('SIGTERM')
  await service.ended
}, 120_000)
