// Takes one picture of a page that never comes to rest, since it keeps asking for news.
// Usage: node shot.mjs URL FILE HEIGHT, with NODE_PATH naming the folder of playwright-core.
import { createRequire } from 'node:module'

const { chromium } = createRequire(process.env.NODE_PATH + '/')('playwright-core')
const [url, file, height] = process.argv.slice(2)

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})
const page = await browser.newPage({ viewport: { width: 1500, height: Number(height) } })
await page.goto(url, { waitUntil: 'domcontentloaded' })
await page.getByText('Back to Workflows').waitFor()
// What is drawn last is the timeline or the details; both are there within seconds.
await page.waitForTimeout(6000)
await page.screenshot({ path: file })
await browser.close()
