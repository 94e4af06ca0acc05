"""`dq.Config`."""

import pytest

import dq


def test_layers_win_over_those_before(tmp_path, monkeypatch):
    path = tmp_path / "dq.yaml"
    path.write_text("database:\n  primary:\n    connection_pool_size: 12\n    password: hunter2\n")
    name = "database.primary.connection_pool_size"
    assert dq.Config(path, environment=False).get(name) == 12
    monkeypatch.setenv("DQ_DB_POOL_SIZE", "20")
    assert dq.Config(path).get(name) == 20
    assert dq.Config(path, environment=False).get(name) == 12
    config = dq.Config(path, values={name: 30, "cache.redis.enabled": False})
    assert config.get(name) == 30
    assert "hunter2" not in config.to_yaml() + str(config.to_dict()) + repr(config)
    assert config.get("no.such", None) is None
    with pytest.raises(KeyError):
        config.get("no.such")


def test_every_problem_is_told(tmp_path):
    path = tmp_path / "dq.yaml"
    path.write_text("databse: {}\ncache: { redis: { port: 0 } }\n")
    with pytest.raises(dq.ConfigError) as raised:
        dq.Config(path, environment=False)
    assert "did you mean `database`" in str(raised.value)
    assert "`cache.redis.port`" in str(raised.value)
    with pytest.raises(dq.UsageError):
        dq.Config(tmp_path / "nowhere.yaml", environment=False)


def test_a_variable_that_means_nothing_is_told(monkeypatch):
    monkeypatch.setenv("DQ_DB_POOL_SIZ", "20")
    assert any("DQ_DB_POOL_SIZ" in it for it in dq.Config().unknown_variables)
