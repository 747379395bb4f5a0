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
const bareAddress = pathToFileURL(join(dir, 'bare.html')).href
let browser: Browser

beforeAll(async () => {
  const name = '<img src="https://paste.example/x">'
  const report = renderReport(many(1_000, { name, tool: name, log: name, line: name }), { colours: true })
  writeFileSync(join(dir, 'report.html'), report)
  writeFileSync(join(dir, 'bare.html'), barePage(report.length))
  const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking']
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args })
})
afterAll(async () => {
  await browser.close()
  rmSync(dir, { recursive: true, force: true })
})

/** A page of so many characters that has nothing but paragraphs, and a field that says what a filter would. */
function barePage(size: number): string {
  const field = `<input oninput="this.nextElementSibling.textContent = '1 of 1000'"><output></output>`
  const paragraph = `<p>${'word '.repeat(Math.ceil(size / 5_000))}`
  return `<!doctype html><meta charset="utf-8"><div class="filter">${field}</div>${paragraph.repeat(1_000)}`
}

/** Milliseconds from opening a page to the answer of its filter. */
async function usableAfter(at: string): Promise<number> {
  const page = await browser.newPage()
  const began = performance.now()
  await page.goto(at, { waitUntil: 'commit' })
  await page.locator('.filter input').fill('-999')
  await page.locator('.filter output').filter({ hasText: '1 of 1000' }).waitFor()
  const ms = performance.now() - began
  await page.close()
  return ms
}

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
    const [drawn, seen] = await page.locator('.timeline').evaluate((box) => [box.scrollWidth, box.clientWidth])
    expect(drawn).toBe(seen)
    await page.close()
  })

  it('can be used within a second of being opened', { timeout: 600_000 }, async () => {
    let report = await usableAfter(address)
    let bare = Infinity
    // A busy machine is not what is measured: there the fastest of a few openings is held to the fastest of a bare page of the same size.
    for (let times = 1; times < 10 && report >= 1_000 && (times < 4 || report >= 2 * bare); times++) {
      bare = Math.min(bare, await usableAfter(bareAddress))
      report = Math.min(report, await usableAfter(address))
    }
    expect(report).toBeLessThan(report < 1_000 ? 1_000 : 2 * bare)
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
