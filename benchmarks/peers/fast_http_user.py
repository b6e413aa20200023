"""What a load test with Locust alone does: submits a job, polls it to its end, judges nothing.

locust -f benchmarks/peers/fast_http_user.py --headless --host URL -u 64 -r 64 --jobs 1000
"""

import itertools

import gevent
from locust import FastHttpUser, constant, events, task

POLL = 1.0  # seconds


@events.init_command_line_parser.add_listener
def add_options(parser):
    parser.add_argument("--jobs", type=int, default=1000)


class Submitter(FastHttpUser):
    wait_time = constant(0)
    numbers = itertools.count(1)

    @task
    def one_job(self):
        number = next(self.numbers)
        if number > self.environment.parsed_options.jobs:
            gevent.spawn(self.environment.runner.quit)  # which kills this user, too
            gevent.sleep(POLL)
            return
        body = {"prompt": "a red fox", "seed": number, "width": 16, "height": 16}
        body |= {"num_inference_steps": 2}
        job_id = self.client.post("/inference", json=body, name="submit").json()["job_id"]
        while True:
            answer = self.client.get(f"/inference/status/{job_id}", name="status").json()
            if answer["status"] == "completed":
                return
            gevent.sleep(POLL)
