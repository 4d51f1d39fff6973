import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { StepFailed } from "../../src/doctor/measuring.ts";
import { StepReporter } from "../../src/doctor/step_reporter.ts";

describe("StepReporter", () => {
  it("announces each step before its work, and reports the step after its work", async () => {
    const events: string[] = [];
    const steps = new StepReporter({ step: "login", host: "far" }, {
      onBegin: ({ step }) => void events.push(`begin ${step}`),
      onStep: ({ step, status }) => void events.push(`${step} ${status}`),
    });
    steps.report({ step: "login", host: "far", status: "ok" });
    await steps.run({ step: "disk", end: "here" }, () => {
      events.push("work");
      return Promise.resolve({});
    });
    await steps.run({ step: "cipher", end: "there" }, () => Promise.reject(new StepFailed("Cannot measure")));
    assertEquals(events, ["login ok", "begin disk", "work", "disk ok", "begin cipher", "cipher fail"]);
    assertEquals([steps.current.step, steps.failure?.message], ["cipher", "Cannot measure"]);
  });
});
