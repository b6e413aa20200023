# One image for everything: the reference miner by default, the suite or the coordinator (as pods of
# a cluster too) with another command.
FROM python:3.12-slim
WORKDIR /suite
COPY requirements_test_async.txt requirements_kubernetes.txt requirements_locust.txt ./
RUN pip install --no-cache-dir -r requirements_kubernetes.txt -r requirements_locust.txt
COPY . .
RUN pip install --no-cache-dir --no-deps --editable .
EXPOSE 8091
HEALTHCHECK --interval=5s --timeout=3s --retries=12 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8091/health')"]
CMD ["python", "-m", "reference.miner", "--host", "0.0.0.0", "--port", "8091"]
