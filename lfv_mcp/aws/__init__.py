"""Everything that knows boto3: the Lookout for Vision client, S3, and their failures made ours.

May import `formats`, the ground files, and boto3, botocore and urllib3. Never imports `archive`,
`catalog` or anything above them: an archive that answers in AWS's place is handed in as a
`transport.Transport`.
"""
