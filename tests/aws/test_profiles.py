# SPDX-License-Identifier: Apache-2.0
"""Roles that a profile names, with the credentials of each source that it may name, and their place in the order."""
import pytest

from test_sources import SECRET, TOKEN, Metadata, Source, document
from test_sources import KEY as INSTANCE
from test_sts import ASSUMED, form
from test_sts import document as assumed

OWN = "AKIAOWN"
ROLE = "arn:aws:iam::111122223333:role/lake"
KEYS = f"aws_access_key_id = {OWN}\naws_secret_access_key = {SECRET}\n"


@pytest.fixture
def source(answers, tmp_path):
    """A source with this config file, whose STS is the answers'."""
    made = []

    def make(config, **env):
        (tmp_path / "config").write_text(config)
        made.append(Source("settings", {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_PROFILE": "x",
                                        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true",
                                        "AWS_ENDPOINT_URL_STS": answers.endpoint, **env}))
        return made[-1]
    yield make
    for s in made:
        s.end()


def signed_by(said):
    return said.headers["authorization"].partition("Credential=")[2].partition("/")[0]


def scope(said):
    return said.headers["authorization"].partition("Credential=")[2].partition(",")[0].split("/")[2:4]


def test_the_source_is_a_profile(answers, source):
    answers.then(200, assumed())
    x = source(f"[profile x]\nrole_arn = {ROLE}\nsource_profile = y\nexternal_id = shared\nrole_session_name = me\n"
               f"duration_seconds = 900\nregion = eu-west-3\n[profile y]\n{KEYS}aws_session_token = {TOKEN}\n")
    assert x.fetch()[:4] == ["ok", *ASSUMED]
    said, = answers.said
    assert form(said) == {"Action": "AssumeRole", "Version": "2011-06-15", "DurationSeconds": "900", "RoleArn": ROLE,
                          "RoleSessionName": "me", "ExternalId": "shared"}
    assert signed_by(said) == OWN and said.headers["x-amz-security-token"] == TOKEN
    assert scope(said) == ["eu-west-3", "sts"]


def test_a_profile_is_its_own_source(answers, source):
    answers.then(200, assumed())
    assert source(f"[profile x]\nrole_arn = {ROLE}\nsource_profile = x\n{KEYS}").fetch()[:4] == ["ok", *ASSUMED]
    assert signed_by(answers.said[0]) == OWN and len(answers.said) == 1


def test_a_role_assumes_a_role(answers, source):
    answers.then(200, assumed(keys=("ASIAFIRST", "s1", "t1"))).then(200, assumed())
    x = source(f"[profile x]\nrole_arn = {ROLE}\nsource_profile = y\n"
               f"[profile y]\nrole_arn = {ROLE}-first\nsource_profile = z\n[profile z]\n{KEYS}")
    assert x.fetch()[:4] == ["ok", *ASSUMED]
    assert [(form(said)["RoleArn"], signed_by(said)) for said in answers.said] == [
        (f"{ROLE}-first", OWN), (ROLE, "ASIAFIRST")]


def test_the_source_is_what_credential_source_says(answers, source):
    answers.then(200, assumed())
    with Metadata() as metadata:
        metadata.role("instance", document(INSTANCE, SECRET, TOKEN))
        metadata.container("/creds", document("ASIATASK", SECRET, TOKEN))
        env = {"AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.endpoint,
               "AWS_CONTAINER_CREDENTIALS_FULL_URI": metadata.endpoint + "/creds"}
        for name in ("Ec2InstanceMetadata", "EcsContainer"):
            x = source(f"[profile x]\nrole_arn = {ROLE}\ncredential_source = {name}\n", **env)
            assert x.fetch()[:4] == ["ok", *ASSUMED]
    assert [signed_by(said) for said in answers.said] == [INSTANCE, "ASIATASK"]


def test_the_source_is_a_token(answers, source, tmp_path):
    token = tmp_path / "web-token"
    token.write_text("first\n")
    answers.then(200, assumed("AssumeRoleWithWebIdentity"))
    x = source(f"[profile x]\nrole_arn = {ROLE}\nweb_identity_token_file = {token}\n")
    assert x.fetch()[:4] == ["ok", *ASSUMED]
    token.write_text("second")
    assert x.fetch()[:4] == ["ok", *ASSUMED]
    assert [form(said)["WebIdentityToken"] for said in answers.said] == ["first", "second"]
    assert not any("authorization" in said.headers for said in answers.said)


def test_a_role_that_is_refused(answers, source):
    answers.then(403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>")
    action, _code, text = source(f"[profile x]\nrole_arn = {ROLE}\nsource_profile = y\n[profile y]\n{KEYS}").fetch()
    assert action == "wait for a person" and "credentials from profile: profile 'x'" in text and ROLE in text
    assert SECRET not in text


def test_the_order_of_the_sources(answers, source):
    """The environment before a profile, unless the settings name it; a profile before the machine's role."""
    with Metadata() as metadata:
        metadata.role("instance", document(INSTANCE, SECRET, TOKEN))
        metadata.container("/creds", document("ASIATASK", SECRET, TOKEN))
        env = {"AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.endpoint}
        container = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": metadata.endpoint + "/creds"}
        keys = {"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": SECRET}
        profile = f"[profile x]\n{KEYS}"
        assert source(profile, **env, **container, **keys).fetch()[1] == "AKIAENV"
        assert source(profile, **env, **container).fetch()[1] == OWN
        assert source("[profile x]\n", **env, **container).fetch()[1] == "ASIATASK"
        assert source("[profile x]\n", **env).fetch()[1] == INSTANCE
    missing = source("[profile y]\n", **env).fetch()
    assert missing[0] == "wait for a person" and "profile 'x': it is not in" in missing[2]
