// node browser.cjs <scenario> <url of the app> <key of the page> <key of administrators>
//
// Plays a scenario in a browser. It fails with a reason if a step does not end as it should, and if the browser
// reports a message, a violation of the page's policy, or a request to another origin.
"use strict";
const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { chromium } = require("playwright-core");

const [scenario, url, pageKey, adminKey] = process.argv.slice(2);
const tools = process.env.BROWSER;
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const address = `${url}/ops?code=${pageKey}`;
const WIDTHS = [390, 1280];
const SCHEMES = ["light", "dark"];

/** Opens a page whose problems are collected. */
async function open(browser, options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const problems = [];
  page.on("console", (message) => problems.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => problems.push(`script: ${error.message}`));
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol !== "data:" && origin !== url) problems.push(`request: ${request.url()}`);
  });
  return { page, problems, context };
}

const view = (width) => ({ viewport: { width, height: width < 500 ? 844 : 800 } });

/** The violations of accessibility, each with its places. */
async function violations(page) {
  await page.evaluate(axe);
  const results = await page.evaluate(() => globalThis.axe.run());
  return results.violations.map((violation) => {
    const places = violation.nodes.map((node) => `${node.target.join(" ")} ${node.any[0]?.message ?? ""}`);
    return `${violation.id}: ${places.join("; ")}`;
  });
}

async function picture(page, name) {
  const target = { path: path.join(process.env.PICTURES, `${name}.png`), fullPage: true };
  // A picture is for people. The browser of a busy machine sometimes cannot make one.
  await page.screenshot(target).catch((error) => console.error(`${name}: ${error.message}`));
  const overflow = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth - clientWidth;
  });
  assert.equal(overflow, 0, `${name} is wider than its window by ${overflow} pixels`);
}

const scenarios = {
  /** Each width and scheme, with everything closed and everything open. */
  async looks(browser) {
    for (const width of WIDTHS) {
      for (const colorScheme of SCHEMES) {
        const { page, problems, context } = await open(browser, { ...view(width), colorScheme });
        const response = await page.goto(address);
        assert.equal(response.status(), 200);
        assert.match(await page.title(), /MagnusAPI$/);
        const name = `ops-${width}-${colorScheme}`;
        await picture(page, name);
        for (const details of await page.locator("details").all()) {
          await details.evaluate((it) => it.setAttribute("open", ""));
        }
        await picture(page, `${name}-open`);
        await page.keyboard.press("Tab");
        assert.equal(await page.evaluate(() => document.activeElement.textContent), "To the panels");
        assert.deepEqual(await violations(page), [], name);
        assert.deepEqual(problems, [], name);
        await context.close();
      }
    }
  },

  /** Actions with the script, which sends the key of administrators in a header. */
  async acts(browser) {
    for (const colorScheme of SCHEMES) {
      const { page, problems, context } = await open(browser, { ...view(390), colorScheme });
      await page.goto(address);
      if (colorScheme === "light") {
        await hold(page, "with the script");
        await picture(page, "ops-confirmation");
        assert.deepEqual(await violations(page), []);
        await page.getByLabel("Key of administrators").fill("another key");
        await page.getByRole("button", { name: "Confirm" }).click();
        await page.getByText("The host rejects the key.").waitFor();
        // The browser reports the status.
        assert.deepEqual(problems.splice(0).filter((it) => !it.includes("401")), []);
        await confirm(page);
        assert.ok(page.url().startsWith(address) && !page.url().includes(adminKey), page.url());
        assert.deepEqual(await violations(page), []);
        await page.getByRole("link", { name: "Back to the page" }).click();
        await page.getByText("Held at 3 until").waitFor();
        assert.equal(page.url(), address);
      } else {
        await page.getByRole("button", { name: "Release the hold on web" }).click();
        await page.getByText("The hold on web ends now").waitFor();
        assert.deepEqual(await violations(page), []);
        await page.getByLabel("Your name").fill("ann");
        await confirm(page);
        await page.getByRole("link", { name: "Back to the page" }).click();
        assert.equal(await page.getByRole("button", { name: "Release the hold on web" }).count(), 0);
        await changeBackups(page);
        await refreshes(page);
      }
      assert.deepEqual(problems, []);
      await context.close();
    }
  },

  /** Actions of a browser without scripts, at a host that requires no keys. */
  async acts_without_script(browser) {
    const { page, problems, context } = await open(browser, { ...view(1280), javaScriptEnabled: false });
    await page.goto(`${url}/ops`);
    await hold(page, "without a script");
    assert.equal(await page.getByLabel("Key of administrators").isVisible(), false);
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByRole("heading", { name: "Done" }).waitFor();
    await page.getByRole("link", { name: "Back to the page" }).click();
    await page.getByText("Held at 3 until").waitFor();
    assert.equal(page.url(), `${url}/ops`);
    assert.deepEqual(problems, []);
    await context.close();
  },
};

/** Fills the form of a hold, and the confirmation up to the key. */
async function hold(page, name) {
  await page.getByText("Hold web at a size").click();
  const form = page.locator("#hold-web");
  await form.getByLabel("Size").fill("3");
  await form.getByLabel("Until").fill("2h");
  await form.getByRole("button", { name: "Hold…" }).click();
  await page.getByText("web is held at 3 until").waitFor();
  await page.getByLabel("Reason").fill(`"><script>document.title="owned"</script>שלום`);
  await page.getByLabel("Your name").fill(name);
}

async function confirm(page) {
  await page.getByLabel("Key of administrators").fill(adminKey);
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.getByRole("heading", { name: "Done" }).waitFor();
}

/** Holds the newest backup, releases it, and runs a function that is not due. */
async function changeBackups(page) {
  for (const verb of ["Hold", "Release"]) {
    await page.locator("#list-postfacto > summary").click();
    await page.locator("#list-postfacto tbody tr").first().getByRole("button", { name: verb }).click();
    const reason = page.getByLabel("Reason");
    if (verb === "Hold") await reason.fill("an audit");
    await page.getByLabel("Your name").fill("ann");
    await confirm(page);
    await page.getByRole("link", { name: "Back to the page" }).click();
  }
  await page.getByText("Run a due or failed function").click();
  await page.getByRole("button", { name: "item_housekeeping" }).click();
  await page.getByLabel("Your name").fill("ann");
  await confirm(page);
  await page.getByText("so nothing ran").waitFor();
  await page.getByRole("link", { name: "Back to the page" }).click();
}

/** The script replaces the panels, and what a person opened stays open. */
async function refreshes(page) {
  await page.locator("#good > summary").click();
  await page.locator("#refresh").evaluate((it) => { it.textContent = "before"; });
  await page.evaluate(() => {
    document.activeElement.blur();
    document.querySelector("#now h2").textContent = "old";
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await page.locator("#now h2", { hasText: "Now" }).waitFor();
  assert.equal(await page.locator("#good").getAttribute("open"), "");
  assert.equal(await page.locator("#refresh").textContent(), "");
}

async function main() {
  const browser = await chromium.launch({
    executablePath: path.join(tools, "chromium"),
    args: ["--no-sandbox", "--no-zygote", "--disable-gpu", "--disable-dev-shm-usage"],
    env: {
      ...process.env,
      LD_LIBRARY_PATH: path.join(tools, "libraries/lib"),
      FONTCONFIG_FILE: path.join(tools, "fonts.conf"),
    },
  });
  try {
    await scenarios[scenario](browser);
  } finally {
    await browser.close();
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
