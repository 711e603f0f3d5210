"""Raw objects of the GitHub API, made from a few facts. URLs are paths."""

import base64
import zlib

from simulator.site import Raw

USER_URLS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
REPOSITORY_URLS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}


def node_id(kind: str, number: int) -> str:
    return f"{kind}_" + base64.urlsafe_b64encode(f"{number:012d}".encode()).decode().rstrip("=")


def user(login: str, kind: str = "User") -> Raw:
    """A person or organisation by login; the id is derived from it."""
    number = zlib.crc32(login.lower().encode()) % 90_000_000 + 1_000_000
    path = f"/users/{login}"
    return {
        "login": login,
        "id": number,
        "node_id": node_id("U", number),
        "gravatar_id": "",
        "avatar_url": f"https://avatars.githubusercontent.com/u/{number}?v=4",
        "url": path,
        "html_url": f"/{login}",
        **{name: path + rest for name, rest in USER_URLS.items()},
        "type": kind,
        "site_admin": False,
    }


def myself(login: str, created: str) -> Raw:
    """The answer to `/user`."""
    return {
        **user(login),
        "name": login,
        "company": None,
        "blog": "",
        "location": None,
        "email": None,
        "hireable": None,
        "bio": None,
        "twitter_username": None,
        "public_repos": 0,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": created,
        "updated_at": created,
        "private_gists": 0,
        "total_private_repos": 0,
        "owned_private_repos": 0,
        "disk_usage": 0,
        "collaborators": 0,
        "two_factor_authentication": True,
        "user_view_type": "private",
    }


def organisation(login: str) -> Raw:
    """The answer to `/orgs/LOGIN` and `/users/LOGIN`."""
    path = f"/orgs/{login}"
    return {
        **user(login, "Organization"),
        "url": path,
        "hooks_url": path + "/hooks",
        "issues_url": path + "/issues",
        "members_url": path + "/members{/member}",
        "public_members_url": path + "/public_members{/member}",
        "description": None,
        "name": login,
    }


def repository(full_name: str, number: int, created: str, private: bool = False, archived: bool = False) -> Raw:
    """A repository in its full shape."""
    owner, name = full_name.split("/")
    path = f"/repos/{full_name}"
    return {
        "id": number,
        "node_id": node_id("R", number),
        "name": name,
        "full_name": full_name,
        "private": private,
        "owner": user(owner, "Organization"),
        "html_url": f"/{full_name}",
        "description": None,
        "fork": False,
        "url": path,
        **{key: path + rest for key, rest in REPOSITORY_URLS.items()},
        "clone_url": f"/{full_name}.git",
        "git_url": f"git://github.com/{full_name}.git",
        "ssh_url": f"git@github.com:{full_name}.git",
        "svn_url": f"/{full_name}",
        "mirror_url": None,
        "homepage": None,
        "language": None,
        "default_branch": "main",
        "forks": 0,
        "forks_count": 0,
        "has_issues": True,
        "has_projects": True,
        "has_wiki": False,
        "has_pages": False,
        "has_downloads": True,
        "has_discussions": False,
        "archived": archived,
        "disabled": False,
        "open_issues": 0,
        "open_issues_count": 0,
        "license": None,
        "size": 1,
        "stargazers_count": 0,
        "watchers": 0,
        "watchers_count": 0,
        "network_count": 0,
        "subscribers_count": 0,
        "topics": [],
        "is_template": False,
        "visibility": "private" if private else "public",
        "allow_forking": True,
        "web_commit_signoff_required": False,
        "permissions": {"admin": False, "maintain": False, "push": False, "triage": False, "pull": True},
        "created_at": created,
        "updated_at": created,
        "pushed_at": created,
    }


def label(full_name: str, name: str) -> Raw:
    number = zlib.crc32(f"{full_name}:{name}".encode())
    return {
        "id": number,
        "node_id": node_id("LA", number),
        "url": f"/repos/{full_name}/labels/{name.replace(' ', '%20')}",
        "name": name,
        "color": f"{number % 0xFFFFFF:06x}",
        "default": False,
        "description": None,
    }


def milestone(full_name: str, number: int, identity: int, title: str, now: str, due_on: str | None) -> Raw:
    path = f"/repos/{full_name}/milestones/{number}"
    return {
        "url": path,
        "html_url": f"/{full_name}/milestone/{number}",
        "labels_url": path + "/labels",
        "id": identity,
        "node_id": node_id("MI", identity),
        "number": number,
        "title": title,
        "description": None,
        "creator": user("robin-keller"),
        "open_issues": 0,
        "closed_issues": 0,
        "state": "open",
        "created_at": now,
        "updated_at": now,
        "due_on": due_on,
        "closed_at": None,
    }


def issue_type(name: str) -> Raw:
    number = zlib.crc32(name.encode()) % 1_000_000
    return {
        "id": number,
        "node_id": node_id("IT", number),
        "name": name,
        "description": None,
        "color": "gray",
        "is_enabled": True,
    }


def pull_request(full_name: str, number: int, merged_at: str | None) -> Raw:
    """The part of an issue that tells it is a pull request."""
    place = f"/{full_name}/pull/{number}"
    return {
        "url": f"/repos/{full_name}/pulls/{number}",
        "html_url": place,
        "diff_url": f"{place}.diff",
        "patch_url": f"{place}.patch",
        "merged_at": merged_at,
    }
