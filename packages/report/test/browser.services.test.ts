import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { renderReport } from '../src/index.ts'
import { many } from './many.ts'

const dir = mkdtempSync(join(tmpdir(), 'seamark-report-'))
const address = pathToFileURL(join(dir, 'report.html')).href
let browser: Browser

beforeAll(async () => {
  const name = '<img src="https://paste.example/x">'
  writeFileSync(
    join(dir, 'report.html'),
    renderReport(many(1_000, { name, tool: name, log: name, line: name }), { colours: true }),
  )
  const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking']
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args })
})
afterAll(async () => {
  await browser.close()
  rmSync(dir, { recursive: true, force: true })
})

/** The page opened from disk, what it asked for, and what the browser had to say. */
async function opened(options: Parameters<Browser['newPage']>[0], at = address) {
  const page = await browser.newPage(options)
  const asked: string[] = []
  const said: string[] = []
  page.on('request', (request) => asked.push(request.url()))
  page.on('console', (message) => said.push(message.text()))
  page.on('pageerror', (error) => said.push(String(error)))
  await page.goto(at)
  return { page, asked, said }
}

const colourOf = (page: Page): Promise<string> =>
  page.locator('body').evaluate((body) => Reflect.get(globalThis, 'getComputedStyle')(body).backgroundColor)

const views = [
  { name: 'a desktop', viewport: { width: 1280, height: 900 } },
  { name: 'a phone', viewport: { width: 360, height: 740 } },
].flatMap(({ name, viewport }) =>
  [true, false].flatMap((javaScriptEnabled) =>
    (['light', 'dark'] as const).map((colorScheme) => ({ name, viewport, javaScriptEnabled, colorScheme })),
  ),
)

describe('1,000 items in a browser', () => {
  it.each(views)('on $name, $colorScheme, with script: $javaScriptEnabled', async ({ name: _, ...options }) => {
    const { page, asked, said } = await opened(options)
    expect({ asked, said }).toEqual({ asked: [address], said: [] })
    expect(await colourOf(page)).toBe(options.colorScheme === 'dark' ? 'rgb(18, 23, 30)' : 'rgb(255, 255, 255)')
    const first = page.locator('.item').first()
    await first.locator('summary').click()
    expect(await first.locator('ins').first().isVisible()).toBe(true)
    expect(await page.locator('.filter').isVisible()).toBe(options.javaScriptEnabled)
    const widest = await page.locator('html').evaluate((root) => root.scrollWidth)
    expect(widest).toBeLessThanOrEqual(options.viewport.width)
    await page.close()
  })

  it('can be used within a second of being opened', async () => {
    const times: number[] = []
    // The fastest of a few: a busy machine is not what is measured.
    while (times.length < 10 && !times.some((ms) => ms < 1_000)) {
      const page = await browser.newPage()
      const began = performance.now()
      await page.goto(address, { waitUntil: 'commit' })
      await page.locator('.filter input').fill('-999')
      await page.locator('.filter output').filter({ hasText: '1 of 1000' }).waitFor()
      times.push(performance.now() - began)
      await page.close()
    }
    expect(Math.min(...times)).toBeLessThan(1_000)
  })

  it('opens the item that a link of the graph leads to', async () => {
    const { page } = await opened({}, `${address}#i7`)
    expect(await page.locator('#i7').getAttribute('open')).toBe('')
    await page.locator('.graph a').nth(3).click()
    await page.locator('#i3[open]').waitFor()
    await page.close()
  })

  it('goes onto paper whole, without what only a screen can do', async () => {
    const { page } = await opened({})
    await page.emulateMedia({ media: 'print' })
    expect(await page.locator('.filter').isVisible()).toBe(false)
    expect((await page.pdf()).length).toBeGreaterThan(10_000)
    await page.close()
  })
})
